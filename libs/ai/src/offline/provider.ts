import { detectLanguage } from '../language.ts'
import {
  type AnalyseInput,
  type Analysis,
  type Embeddings,
  type ModelProvider,
  vectorDimensions,
} from '../provider.ts'
import { emptyText } from '../visible.ts'
import { findDue } from './due.ts'
import { embedOffline, offlineEmbeddingModel } from './embedding.ts'
import { findIntent } from './intent.ts'
import { findPeople } from './people.ts'
import { proposeTags } from './tags.ts'
import { summaryOf, titleOf } from './title.ts'

const noUsage = { inputTokens: 0, outputTokens: 0 }

/**
 * Rules and hashes in place of a model: same input, same answer, no network, no cost. It says so in its names, and
 * its vectors promise likeness of words only.
 */
export function createOfflineProvider(): ModelProvider {
  return {
    name: 'synap-offline',
    offline: true,
    model: 'synap-offline-1',
    promptVersion: 'rules-5',
    embeddingModel: offlineEmbeddingModel,
    dimensions: vectorDimensions,
    async analyse(input, signal) {
      signal.throwIfAborted()
      return analyseOffline(input)
    },
    async embed(texts, signal) {
      signal.throwIfAborted()
      return embedAll(texts)
    },
  }
}

function analyseOffline(input: AnalyseInput): Analysis {
  const guess = detectLanguage(input.text === '' ? (input.heading ?? '') : input.text)
  const dated = input.structured ? null : findDue(input.text, input.referenceMs, input.timeZone, guess)
  const finding = findIntent(input, dated, guess)
  const due =
    finding.intent.kind === 'task' || finding.intent.kind === 'event' || input.type === 'task' ? dated : null
  return {
    title: titleOf(input, finding, due),
    titleConfidence: input.heading === null ? 0.7 : 0.95,
    summary: summaryOf(input.text),
    language: guess.language,
    people: findPeople(input),
    tags: proposeTags(input),
    intent: finding.intent,
    due,
    usage: noUsage,
  }
}

function embedAll(texts: readonly string[]): Embeddings {
  const vectors = texts.map((text, index) => {
    const vector = embedOffline(text)
    if (vector !== undefined) return vector
    throw emptyText(index)
  })
  return { vectors, usage: noUsage }
}
