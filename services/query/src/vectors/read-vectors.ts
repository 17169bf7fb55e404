import { describeError } from '@synap/core'
import type { Pool } from '@synap/postgres'
import { counter, type Logger } from '@synap/telemetry'
import type { HeldVectors } from './held-vectors.ts'
import { loadVectors, type VectorsOf } from './load-vectors.ts'
import { makeCells } from './make-cells.ts'
import { createPackedVectors, type VectorToPack } from './packed-vectors.ts'
import type { Slabs } from './slabs.ts'

export interface VectorsToRead {
  /** Under which they are held. */
  key: string
  of: VectorsOf
  /** All of them, and not only what came since. */
  anew: boolean
}

export interface ReadVectorsDeps {
  pool: Pool
  slabs: Slabs
  held: HeldVectors
  logger: Logger
  now: () => number
}

const reads = counter('synap_query_vector_cache_reads', {
  help: 'Readings of a user’s vectors into memory, by what came of them.',
})

/** Reads a user's vectors into memory, or what came since. A failure is logged, and counted like every end. */
export async function readVectors(
  deps: ReadVectorsDeps,
  wanted: VectorsToRead,
  signal: AbortSignal,
): Promise<void> {
  const outcome = await read(deps, wanted, signal).catch((error: unknown) => {
    // Half a reading is none.
    deps.held.drop(wanted.key)
    if (!signal.aborted) {
      deps.logger.warn({ error: describeError(error) }, 'a user’s vectors were not read into memory')
    }
    return 'failed' as const
  })
  reads.add(1, { outcome })
}

async function read(
  { pool, slabs, held, now }: ReadVectorsDeps,
  { key, of, anew }: VectorsToRead,
  signal: AbortSignal,
): Promise<'read' | 'added' | 'no room'> {
  const old = anew ? undefined : held.look(key)
  const packed = old?.packed ?? createPackedVectors(slabs)
  const readAt = now()
  // Dropped meanwhile, for others to have room, they must not grow.
  const take = (vector: VectorToPack) =>
    (old === undefined || held.look(key) === old) && held.add(packed, vector)
  try {
    const since = await loadVectors({ pool, of, since: old?.since, signal }, take)
    if (since === undefined) {
      held.drop(key)
      if (old === undefined) packed.free()
      return 'no room'
    }
    if (old === undefined) held.put(key, { packed, since, readAt })
    else Object.assign(old, { since, isBehind: false })
    await makeCells(packed, signal)
    return old === undefined ? 'read' : 'added'
  } catch (error) {
    if (old === undefined) packed.free()
    throw error
  }
}
