import { chunkerVersion, estimateEmbedding, type ModelProvider } from '@synap/ai'
import { maxVectorsPerBlock, packFloat16 } from '@synap/contracts'
import { crashpoint } from '@synap/core'
import type { Embedders } from '../embedders.ts'
import type { LeasedJob } from '../job.ts'
import type { PaidCalls } from '../paid-calls.ts'
import { type EmbeddingKey, findEmbeddedBlocks, insertEmbeddings } from '../sql/results.ts'
import type { Objects } from './objects.ts'
import { readExtraction, readText } from './read-text.ts'
import type { Step } from './step.ts'

/** What vectors of a content are known by, inside one user. */
export function embeddingKeyOf(job: LeasedJob, provider: ModelProvider): EmbeddingKey {
  return {
    userId: job.userId,
    contentHash: job.contentHash,
    model: provider.embeddingModel,
    dimensions: provider.dimensions,
    chunker: chunkerVersion,
  }
}

/**
 * Embeds the chunks, 64 at a time, and commits each block by itself, so that a crash or a rate limit in the middle of a
 * long text repeats one block. A block that the user paid for already, for any item, is not asked for again.
 */
export function createEmbed({
  embedders,
  calls,
  objects,
}: {
  embedders: Embedders
  calls: PaidCalls
  objects: Objects
}): Step {
  return async (context) => {
    const { job, signal, commit } = context
    const extraction = await readExtraction(context)
    const provider = await embedders.ofJob(context)
    const key = embeddingKeyOf(job, provider)
    const present = await commit((client) => findEmbeddedBlocks(client, key))
    const blocks = Math.ceil(extraction.chunks.length / maxVectorsPerBlock)
    for (let block = 0; block < blocks; block += 1) {
      if (present.has(block)) continue
      const text = await readText(context, objects, extraction)
      const texts = extraction.chunks
        .slice(block * maxVectorsPerBlock, (block + 1) * maxVectorsPerBlock)
        .map(([start, end]) => text.slice(start, end))
      const answer = await calls.make(context, {
        step: 'embed',
        provider,
        model: provider.embeddingModel,
        most: estimateEmbedding(texts),
        ask: () => provider.embed(texts, signal),
      })
      crashpoint('enricher.after_model')
      const vectors = Buffer.concat(answer.vectors.map(packFloat16))
      await commit((client) => insertEmbeddings(client, key, block, vectors))
    }
    return { state: 'done' }
  }
}
