import { wait } from '@synap/core'
import type { Logger } from '@synap/messaging'
import type { ObjectStore } from '@synap/object-store'
import type { Pool } from '@synap/postgres'
import { inTransaction } from '../database.ts'
import { findRefusal } from '../refusal.ts'
import { endSweep, takeSweep } from '../sql/sweep.ts'
import {
  deleteDropped,
  noCounts,
  type SweepCounts,
  type SweepOptions,
  sweepRound,
  turnMs,
} from './sweep-objects.ts'

export interface StartSweepOptions {
  pool: Pool
  store: ObjectStore
  logger: Logger
  ageMs: number
  /** Milliseconds between two rounds over the store; what was purged goes within a minute. */
  everyMs: number
  /** What a turn came to, also when it broke off. */
  onSwept: (counts: SweepCounts) => void
}

export interface Sweep {
  close(): Promise<void>
}

const longestPauseMs = 60_000

/** Sweeps now and then, in one of the processes at a time. */
export function startSweep({ everyMs, onSwept, ...rest }: StartSweepOptions): Sweep {
  const { logger } = rest
  const stop = new AbortController()
  const options: SweepOptions = { ...rest, signal: stop.signal }
  const run = async () => {
    while (!stop.signal.aborted) {
      await wait(Math.min(everyMs, longestPauseMs), stop.signal).catch(() => undefined)
      if (stop.signal.aborted) return
      await takeTurn(options, everyMs, onSwept).catch((error: unknown) => {
        if (!stop.signal.aborted) logger.warn({ error }, 'the sweep broke off and will be tried again')
      })
    }
  }
  const running = run()
  return {
    close: async () => {
      stop.abort(new Error('the sweep is closing'))
      await running
    },
  }
}

/**
 * One turn: deletes what was given up, and does a round when one is due. False when another process has the turn, or when
 * the ledger cannot be relied on (see `findRefusal`).
 */
export async function takeTurn(
  options: SweepOptions,
  everyMs: number,
  onSwept: (counts: SweepCounts) => void,
): Promise<boolean> {
  const { pool, signal, logger } = options
  const turn = await inTransaction(
    pool,
    async (client) =>
      (await findRefusal(client)) === null ? takeSweep(client, { ttlMs: turnMs, everyMs }) : undefined,
    { signal },
  )
  if (turn === undefined) return false
  const counts = noCounts()
  try {
    counts.deleted += await deleteDropped(options)
    if (turn.due || turn.after_key !== null) await sweepRound(options, turn, counts)
  } finally {
    onSwept(counts)
    if (counts.orphans > 0 || counts.deleted > 0)
      logger.info({ ...counts }, 'objects that nothing refers to are gone')
    await inTransaction(pool, (client) => endSweep(client, turn.epoch)).catch((error: unknown) => {
      logger.warn({ error }, 'the turn of the sweep could not be given back')
    })
  }
  return true
}
