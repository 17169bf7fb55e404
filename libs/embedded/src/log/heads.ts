import { describeError, wait, withDeadline } from '@synap/core'
import type { Logger, StartPoint } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { findPartitions } from './sql/partitions.ts'
import { createWakers } from './wakers.ts'

const deadlineMs = 30_000

/** How far each partition goes, as last seen. Wakes those who wait for more. */
export interface Heads {
  get(topic: string, partition: number): StartPoint | undefined
  /** A publisher of this process has moved the end of a partition. */
  advance(topic: string, partition: number, high: bigint): void
  /** Asks the database. */
  refresh(signal?: AbortSignal): Promise<void>
  /** Resolves when the partition has a record at the offset or beyond; rejects with the signal's reason. */
  reach(topic: string, partition: number, offset: bigint, signal: AbortSignal): Promise<void>
}

/**
 * Publishers of this process tell it of each append. What other processes append is found by asking once in `pollMs`
 * for all partitions together, while somebody waits.
 */
export function createHeads(
  pool: Pool,
  { logger, pollMs, signal: closed }: { logger: Logger; pollMs: number; signal: AbortSignal },
): Heads {
  const heads = new Map<string, StartPoint>()
  const wakers = createWakers()
  const keyOf = (topic: string, partition: number) => `${topic}/${partition}`
  let polling: Promise<void> | undefined
  let asked: Promise<void> | undefined

  const set = (key: string, low: bigint, high: bigint) => {
    const old = heads.get(key)
    // Answers overtake each other; both ends only ever move on.
    const next = { low: max(old?.low ?? 0n, low), high: max(old?.high ?? 0n, high) }
    heads.set(key, next)
    if (next.high !== old?.high || next.low !== old.low) wakers.wake(key)
  }
  const ask = async () => {
    for (const row of await findPartitions(pool, closed)) {
      set(keyOf(row.topic, row.partition), BigInt(row.low), BigInt(row.high))
    }
  }
  const poll = async () => {
    for (;;) {
      await wait(pollMs, closed)
      if (!wakers.anyone()) continue
      // A failure is met by whoever reads or publishes next; here it only means "not yet".
      await ask().catch((error: unknown) =>
        logger.debug({ error: describeError(error) }, 'asking for new records failed'),
      )
    }
  }

  return {
    get: (topic, partition) => heads.get(keyOf(topic, partition)),
    advance: (topic, partition, high) => set(keyOf(topic, partition), 0n, high),
    refresh(signal) {
      // One question for all who ask while its answer is awaited; who gives up does not end it for the others.
      asked ??= ask().finally(() => (asked = undefined))
      const pending = asked
      return withDeadline('read watermarks', deadlineMs, signal, () => pending)
    },
    async reach(topic, partition, offset, signal) {
      const key = keyOf(topic, partition)
      for (;;) {
        signal.throwIfAborted()
        const head = heads.get(key)
        if (head !== undefined && (head.high > offset || head.low > offset)) return
        const woken = wakers.wait(key, signal)
        polling ??= poll().catch(() => undefined)
        await woken
      }
    },
  }
}

const max = (a: bigint, b: bigint) => (a > b ? a : b)
