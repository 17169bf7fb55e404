import { type Analysis, estimateAnalysis, type ModelProvider } from '@synap/ai'
import { crashpoint, sha256Hex } from '@synap/core'
import type { ReplayGate } from '../await-replay.ts'
import { LeaseLost } from '../lease-clock.ts'
import type { PaidCalls } from '../paid-calls.ts'
import { findAnalysis, insertAnalysis } from '../sql/results.ts'
import { isRunning } from '../sql/steps.ts'
import { findTimeZone, findVocabulary } from '../sql/users.ts'
import { lookAround } from './look-around.ts'
import type { Objects } from './objects.ts'
import { readExtraction, readText } from './read-text.ts'
import type { Step } from './step.ts'

const mostVocabulary = 500

/** Asks the model what the item is. One answer per job: it depends on the day, the time zone, the vocabulary and the likest items. */
export function createAnalyse(options: {
  provider: ModelProvider
  calls: PaidCalls
  objects: Objects
  defaultTimeZone: string
  newTags: number
  replay: ReplayGate
}): Step {
  const { provider, calls, objects, defaultTimeZone, newTags, replay } = options
  return async (context) => {
    const { job, signal, commit } = context
    await replay.wait(job, signal)
    const extraction = await readExtraction(context)
    const text = await readText(context, objects, extraction)
    const known = await commit(async (client) => ({
      running: await isRunning(client, job.jobId, 'analyse'),
      analysis: await findAnalysis(client, job.jobId),
      timeZone: job.timeZone ?? (await findTimeZone(client, job.userId)) ?? defaultTimeZone,
      vocabulary: await findVocabulary(client, job.userId, mostVocabulary),
      around: await lookAround(client, job, extraction.terms),
    }))
    // The log had it: the step was ended while it waited, and the job may be in other hands of this process.
    if (!known.running) throw new LeaseLost()
    if (known.analysis !== undefined) return { state: 'done' }
    const { timeZone, vocabulary, around } = known
    const input = {
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
    }
    const result: Analysis = await calls.make(context, {
      step: 'analyse',
      provider,
      model: provider.model,
      most: estimateAnalysis(input),
      ask: () => provider.analyse(input, signal),
    })
    crashpoint('enricher.after_model')
    return {
      state: 'done',
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
