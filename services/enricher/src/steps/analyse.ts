import type { Analysis, ModelProvider } from '@synap/ai'
import { crashpoint, sha256Hex } from '@synap/core'
import { askModel } from '../ask-model.ts'
import { findAnalysis, insertAnalysis } from '../sql/results.ts'
import { findTimeZone, findVocabulary } from '../sql/users.ts'
import type { Objects } from './objects.ts'
import { readExtraction, readText } from './read-text.ts'
import type { Step } from './step.ts'

const mostVocabulary = 500

/** Asks the model what the item is. One answer per job: it depends on the day, the time zone and the vocabulary. */
export function createAnalyse(options: {
  provider: ModelProvider
  objects: Objects
  defaultTimeZone: string
}): Step {
  const { provider, objects, defaultTimeZone } = options
  return async (context) => {
    const { job, signal, commit } = context
    const extraction = await readExtraction(context)
    const text = await readText(context, objects, extraction)
    const known = await commit(async (client) => ({
      analysis: await findAnalysis(client, job.jobId),
      timeZone: (await findTimeZone(client, job.userId)) ?? defaultTimeZone,
      vocabulary: await findVocabulary(client, job.userId, mostVocabulary),
    }))
    if (known.analysis !== undefined) return { state: 'done', usage: known.analysis.result.usage }
    const { timeZone, vocabulary } = known
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
          vocabularyHash: sha256Hex(vocabulary.join('\n')),
          result,
        }),
    }
  }
}
