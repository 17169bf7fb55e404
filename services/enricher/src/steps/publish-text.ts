import { crashpoint } from '@synap/core'
import type { DerivedPublisher } from '../publish-derived.ts'
import { upsertPublished } from '../sql/results.ts'
import { extractProducer } from './extract.ts'
import { readExtraction } from './read-text.ts'
import type { Step } from './step.ts'

/**
 * Publishes where the text lies and how it divides, before any model is asked. The job's row is held meanwhile: a purge
 * either comes first, and then nothing is published, or waits and sends its tombstone after it.
 */
export function createPublishText({ derived }: { derived: DerivedPublisher }): Step {
  return async (context) => {
    const { job, signal } = context
    const { userId, entityId, contentHash } = job
    const { analysable, reason, textKey, language, links, chunks } = await readExtraction(context)
    const place = { userId, entityId, contentHash, producer: extractProducer }
    const record = {
      type: 'synap.derived.Extracted' as const,
      ...place,
      block: 0,
      blockCount: 1,
      textKey,
      language,
      analysable,
      reason,
      links,
      chunks: chunks.map(([start, end, byteStart, byteEnd], index) => ({
        index,
        start,
        end,
        byteStart,
        byteEnd,
      })),
    }
    return {
      state: 'done',
      save: async (client) => {
        await derived.publish([record], signal)
        crashpoint('enricher.after_publish')
        await upsertPublished(client, place, 1)
      },
    }
  }
}
