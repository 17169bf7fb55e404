import { describeError } from '@synap/core'
import type { Pool } from '@synap/postgres'
import { counter, type Logger } from '@synap/telemetry'
import type { HeldVectors } from './held-vectors.ts'
import { loadVectors, type VectorsOf } from './load-vectors.ts'
import { makeCells } from './make-cells.ts'
import { createPackedVectors, type VectorToPack } from './packed-vectors.ts'
import type { Slabs } from './slabs.ts'

export interface Wanted {
  of: VectorsOf
  /** All of them, and not only what came since. */
  anew: boolean
}

/** Reads vectors into memory, one user's after the other's. */
export interface ReadQueue {
  /** Does nothing when these are waited for already. */
  want(key: string, wanted: Wanted): void
  /** Resolves when nothing is being read. */
  settled(): Promise<void>
  close(): Promise<void>
}

export interface ReadQueueDeps {
  pool: Pool
  slabs: Slabs
  held: HeldVectors
  logger: Logger
  now: () => number
}

const reads = counter('synap_query_vector_cache_reads', {
  help: 'Readings of a user’s vectors into memory, by what came of them.',
})

/** One reading at a time: when users ask in turn for whom there is no room together, the database is read no faster. */
export function createReadQueue(deps: ReadQueueDeps): ReadQueue {
  const waiting = new Map<string, Wanted>()
  const ending = new AbortController()
  let working: Promise<void> | undefined
  const work = async () => {
    for (const [key, wanted] of waiting) {
      if (ending.signal.aborted) return
      const outcome = await read(deps, key, wanted, ending.signal).catch((error: unknown) => {
        // Half a reading is none.
        deps.held.drop(key)
        if (!ending.signal.aborted) {
          deps.logger.warn({ error: describeError(error) }, 'a user’s vectors were not read into memory')
        }
        return 'failed' as const
      })
      reads.add(1, { outcome })
      waiting.delete(key)
    }
  }
  return {
    want(key, wanted) {
      if (ending.signal.aborted || waiting.has(key)) return
      waiting.set(key, wanted)
      working ??= work().finally(() => {
        working = undefined
      })
    },
    settled: async () => working,
    async close() {
      ending.abort(new Error('the vectors in memory are closed'))
      await working
    },
  }
}

async function read(
  { pool, slabs, held, now }: ReadQueueDeps,
  key: string,
  { of, anew }: Wanted,
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
