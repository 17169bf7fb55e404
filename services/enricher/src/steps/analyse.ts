import type { Analysis, ModelProvider } from '@synap/ai'
import { crashpoint, sha256Hex } from '@synap/core'
import { askModel } from '../ask-model.ts'
import { findAnalysis, insertAnalysis } from '../sql/results.ts'
import { findTimeZone, findVocabulary } from '../sql/users.ts'
import { lookAround } from './look-around.ts'
import type { Objects } from './objects.ts'
import { readExtraction, readText } from './read-text.ts'
import type { Step } from './step.ts'

const mostVocabulary = 500

/** Asks the model what the item is. One answer per job: it depends on the day, the time zone, the vocabulary and the likest items. */
export function createAnalyse(options: {
  provider: ModelProvider
  objects: Objects
  defaultTimeZone: string
  newTags: number
}): Step {
  const { provider, objects, defaultTimeZone, newTags } = options
  return async (context) => {
    const { job, signal, commit } = context
    const extraction = await readExtraction(context)
    const text = await readText(context, objects, extraction)
    const known = await commit(async (client) => ({
      analysis: await findAnalysis(client, job.jobId),
      timeZone: (await findTimeZone(client, job.userId)) ?? defaultTimeZone,
      vocabulary: await findVocabulary(client, job.userId, mostVocabulary),
      around: await lookAround(client, job, extraction.terms),
    }))
    if (known.analysis !== undefined) return { state: 'done', usage: known.analysis.result.usage }
    const { timeZone, vocabulary, around } = known
    const result: Analysis = await askModel('chat', provider, provider.model, () =>
      provider.analyse(
        {
          text,
          heading: extraction.heading,
          structured: extraction.structured,
          type: job.entityType,
          referenceMs: job.capturedAt,
          timeZone,
          vocabulary,
          newTags,
          terms: extraction.terms,
          ownTags: extraction.tags,
          ...around,
        },
        signal,
      ),
    )
    crashpoint('enricher.after_model')
    return {
      state: 'done',
      usage: result.usage,
      save: (client) =>
        insertAnalysis(client, job.jobId, {
          model: provider.model,
          promptVersion: provider.promptVersion,
          offline: provider.offline,
          timeZone,
          vocabularyHash: sha256Hex(JSON.stringify({ vocabulary, ...around })),
          result,
        }),
    }
  }
}
