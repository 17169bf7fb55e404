import { SynapError, wait } from '@synap/core'
import type { Logger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { findRefusal, type Refusal, unreconciled } from './refusal.ts'
import { findOutboxOverview, type OutboxOverview } from './sql/outbox.ts'

export interface OutboxWatchOptions {
  pool: Pool
  logger: Logger
  /** Rows that may wait before writes are refused. */
  limit: number
  /** Milliseconds between counts. */
  everyMs: number
}

/** Knows how many events wait for the relay, so that a write can be refused before it has an effect. */
export interface OutboxWatch {
  isFull(): boolean
  /** Why the database may give out no numbers; null when it may. As of the last count. */
  refusal(): Refusal | null
  /** Events were accepted since the last count. */
  added(events: number): void
  /** The last count; undefined before the first. */
  overview(): OutboxOverview | undefined
  /** Resolves after the first count, also when that failed. */
  begun: Promise<void>
  close(): Promise<void>
}

/** Counts now and then, and adds what this process accepted in between. */
export function startOutboxWatch({ pool, logger, limit, everyMs }: OutboxWatchOptions): OutboxWatch {
  const stop = new AbortController()
  let counted: OutboxOverview | undefined
  let sinceCount = 0
  let refusal: Refusal | null = null

  const count = async () => {
    const before = sinceCount
    const signal = stop.signal
    counted = await inTransaction(pool, findOutboxOverview, { signal })
    sinceCount -= before
    const why = await inTransaction(pool, findRefusal, { signal })
    if (why !== null && why !== refusal) {
      logger.error(
        { alarm: 'write_unreconciled', why },
        'writes are refused: the database was restored, or another took over; run ./synap write reconcile',
      )
    }
    refusal = why
  }
  const begun = Promise.withResolvers<void>()
  const run = async () => {
    while (!stop.signal.aborted) {
      await count().catch((error: unknown) => {
        if (!stop.signal.aborted) logger.warn({ error }, 'the outbox could not be counted')
      })
      begun.resolve()
      await wait(everyMs, stop.signal).catch(() => undefined)
    }
  }
  const running = run()

  return {
    isFull: () => (counted?.unpublished ?? 0) + sinceCount >= limit,
    refusal: () => refusal,
    added: (events) => {
      sinceCount += events
    },
    overview: () => counted,
    begun: begun.promise,
    close: async () => {
      stop.abort(new Error('the watch of the outbox is closing'))
      await running
    },
  }
}

/**
 * Throws while no write is taken: the problem of `unreconciled`, or `outbox.full` (dependency) while too many events
 * wait for the relay.
 */
export function assertTakesWrites(outbox: OutboxWatch): void {
  if (outbox.refusal() !== null) throw unreconciled()
  if (!outbox.isFull()) return
  throw new SynapError('too many events wait to be published', {
    code: 'outbox.full',
    class: 'dependency',
    retryAfterMs: 10_000,
  })
}
