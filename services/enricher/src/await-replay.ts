import { partitionOf, topics } from '@synap/contracts'
import { type EventId, type UserId, wait } from '@synap/core'
import type { Logger, MessageLog, Watermarks } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { findProgress } from './sql/progress.ts'

/** An event younger than that is no replay: nobody waits for it. */
const youngMs = 60_000
/** A user whose events stop coming for so long has them all, once the partition is level. */
const quietMs = 600
/** A consumer that does not move for so long is not reading, but stuck: enrichment goes on without it. */
const stuckMs = 30_000
const lookEveryMs = 200
/** Users that are remembered as having all their events, so that each is waited for once. */
const mostSettled = 100_000

export interface ReplayGate {
  /** Resolves when everything that the log says about the user's items is known. Rejects with the signal's reason. */
  wait(job: { userId: UserId; eventId: EventId }, signal: AbortSignal): Promise<void>
}

/**
 * Keeps a replay of the log from paying for what was paid: what came of an item stands in the log behind the event that asks
 * for it, so a job for an old event waits until the consumer has read what was there when this process started.
 */
export function createReplayGate(options: {
  pool: Pool
  log: Pick<MessageLog, 'watermarks'>
  topic: string
  logger: Logger
  /** Milliseconds of a monotonic clock, and a wait that rejects with the signal's reason: for tests. */
  time?: { now(): number; wait(ms: number, signal: AbortSignal): Promise<void> }
}): ReplayGate {
  const { pool, log, topic, logger, time = { now: () => performance.now(), wait } } = options
  const level = new Set<number>()
  const settled = new Set<UserId>()
  let marks: Watermarks | undefined

  const progressOf = (userId: UserId, partition: number) =>
    inTransaction(pool, (client) => findProgress(client, { userId, topic, partition }))

  return {
    async wait({ userId, eventId }, signal) {
      if (Date.now() - timeOf(eventId) < youngMs || settled.has(userId)) return
      marks ??= await log.watermarks(topic, signal).catch((error: unknown) => {
        signal.throwIfAborted()
        // Whoever cannot be asked sends no events either: what is known is all there is.
        logger.warn({ error }, 'the end of the events topic is not known: no replay is awaited')
        return undefined
      })
      if (marks === undefined) return
      const partition = partitionOf(userId, topics.events.partitions)
      const { low = 0n, high = 0n } = marks.get(partition) ?? {}
      let movedAt = time.now()
      let last = await progressOf(userId, partition)
      for (;;) {
        const still = time.now() - movedAt
        if (last.next >= high || low === high) level.add(partition)
        if (still >= stuckMs || (level.has(partition) && still >= quietMs)) {
          if (settled.size >= mostSettled) settled.clear()
          settled.add(userId)
          return
        }
        await time.wait(lookEveryMs, signal)
        const now = await progressOf(userId, partition)
        if (now.seen !== last.seen || (!level.has(partition) && now.next !== last.next)) {
          movedAt = time.now()
        }
        last = now
      }
    },
  }
}

/** When an event was made, in milliseconds since 1970: the first 48 bits of its UUIDv7. */
function timeOf(eventId: EventId): number {
  return Number.parseInt(eventId.replaceAll('-', '').slice(0, 12), 16)
}
