import { chunkerVersion, type ModelProvider } from '@synap/ai'
import { type DerivedRecord, maxVectorsPerBlock } from '@synap/contracts'
import { SynapError } from '@synap/core'
import { embedProducer } from '../chosen-model.ts'
import type { Embedders } from '../embedders.ts'
import type { LeasedJob } from '../job.ts'
import { findEmbeddings, type StoredChunk } from '../sql/results.ts'
import { type Announcing, announce } from './announce.ts'
import { embeddingKeyOf } from './embed.ts'
import { readExtraction } from './read-text.ts'
import type { Step } from './step.ts'

/** Publishes the vectors, at most 64 to a record. */
export function createPublish(options: Announcing & { embedders: Embedders }): Step {
  const { embedders } = options
  return async (context) => {
    const { job, commit } = context
    const { chunks } = await readExtraction(context)
    const provider = await embedders.ofJob(context)
    const key = embeddingKeyOf(job, provider)
    const blockCount = Math.ceil(chunks.length / maxVectorsPerBlock)
    if (blockCount === 0) return { state: 'skipped' }
    const records: DerivedRecord[] = []
    for (let block = 0; block < blockCount; block += 1) {
      const vectors = await commit((client) => findEmbeddings(client, key, block))
      records.push(blockOf(job, provider, { block, blockCount, chunks, vectors }))
    }
    await announce(options, context, embedProducer(provider), records)
    return { state: 'done' }
  }
}

interface Block {
  block: number
  blockCount: number
  chunks: readonly StoredChunk[]
  vectors: Buffer | null
}

function blockOf(
  { userId, entityId, contentHash }: LeasedJob,
  provider: ModelProvider,
  { block, blockCount, chunks, vectors }: Block,
): DerivedRecord {
  const { embeddingModel: model, dimensions } = provider
  const first = block * maxVectorsPerBlock
  const own = chunks.slice(first, first + maxVectorsPerBlock)
  const size = dimensions * 2
  if (vectors?.length !== own.length * size) {
    throw new SynapError('stored vectors do not match the chunks they were made of', {
      code: 'enricher.vectors_mismatch',
      class: 'data',
      fields: { block, bytes: vectors?.length ?? 0, expected: own.length * size },
    })
  }
  return {
    type: 'synap.derived.Embedded',
    userId,
    entityId,
    contentHash,
    producer: embedProducer(provider),
    block,
    blockCount,
    model,
    dimensions,
    chunker: chunkerVersion,
    vectors: own.map(([start, end], index) => ({
      chunk: first + index,
      start,
      end,
      values: vectors.subarray(index * size, (index + 1) * size),
    })),
  }
}
