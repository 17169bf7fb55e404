import { type Announcing, announce } from './announce.ts'
import { extractProducer } from './extract.ts'
import { readExtraction } from './read-text.ts'
import type { Step } from './step.ts'

/** Publishes where the text lies and how it divides, before any model is asked. */
export function createPublishText(parts: Announcing): Step {
  return async (context) => {
    const { job } = context
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
    await announce(parts, context, extractProducer, [record])
    return { state: 'done' }
  }
}
