import { describeError, wait } from '@synap/core'
import {
  type ConsumerOptions,
  driverActionOf,
  type Logger,
  type PausePolicy,
  pauseMs,
  splitByBytes,
} from '@synap/messaging'
import type { EachBatchPayload } from 'kafkajs'
import type { AssignedPartition } from './assignment.ts'
import { protocolType } from './errors.ts'
import { toInbound } from './messages.ts'
import type { OffsetHints } from './offset-hints.ts'

export interface DeliveryParts {
  handle: ConsumerOptions['handle']
  limits: { batchRecords: number; batchBytes: number }
  pausePolicy: PausePolicy
  logger: Logger
  /** Of this membership. */
  hints: Pick<OffsetHints, 'note'>
  pause(partition: AssignedPartition): void
  resume(partition: AssignedPartition): void
  /** The group is rebalancing: abort all running handlers, so that this member can join again. */
  lost(): void
  fatal(error: unknown): void
}

/** A heartbeat that fails with one of these says that the partitions are being given out anew. */
const lostMembership = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'NOT_COORDINATOR_FOR_GROUP',
  'FENCED_INSTANCE_ID',
])

/**
 * Hands what kafkajs fetched to the handler in bounded batches, and resolves each when it is applied. Rejects only with
 * kafkajs' own errors, which it takes as the order to join the group again.
 */
export async function deliver(
  payload: EachBatchPayload,
  partition: AssignedPartition,
  parts: DeliveryParts,
): Promise<void> {
  const { topic, partition: number } = payload.batch
  const messages = payload.batch.messages.map((raw) => toInbound(topic, number, raw))
  const highWatermark = BigInt(payload.batch.highWatermark)
  partition.highWatermark = highWatermark
  let done = 0
  for (const chunk of splitByBytes(messages, parts.limits.batchBytes, parts.limits.batchRecords)) {
    if (partition.signal.aborted) return
    const heart = createHeart(payload, parts)
    const failure = await attempt(partition, () =>
      parts.handle(
        { topic, partition: number, messages: chunk, highWatermark },
        {
          signal: partition.signal,
          async heartbeat() {
            partition.signal.throwIfAborted()
            await heart.beat()
            partition.signal.throwIfAborted()
          },
        },
      ),
    )
    if (heart.lost !== undefined) throw heart.lost
    // Applied or not: the next owner, or the next assignment, starts from the stored position.
    if (partition.signal.aborted) return
    if (failure !== undefined) return fail(partition, failure.error, parts)
    done += chunk.length
    const last = chunk.at(-1)?.offset ?? 0n
    payload.resolveOffset(last.toString())
    // Behind the last record there may be some without data, which kafkajs resolves along with it.
    const reached = done === messages.length ? BigInt(payload.batch.lastOffset()) : last
    Object.assign(partition, { position: reached + 1n, attempts: 0, error: null })
    parts.hints.note(partition, { payload, next: reached + 1n })
    await heart.beat()
    if (heart.lost !== undefined) throw heart.lost
  }
}

async function attempt(
  partition: AssignedPartition,
  work: () => Promise<void>,
): Promise<{ error: unknown } | undefined> {
  const outcome = (async () => await work())().then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  partition.handling = outcome.then(() => undefined)
  const failure = await outcome
  partition.handling = undefined
  return failure
}

function createHeart(payload: EachBatchPayload, parts: DeliveryParts) {
  const heart = {
    /** kafkajs' error that says the membership is gone. */
    lost: undefined as unknown,
    beat: async () => {
      try {
        await payload.heartbeat()
      } catch (error) {
        // Anything else is the broker being away: the fetch after this batch will meet it too.
        if (!lostMembership.has(protocolType(error) ?? '')) return
        heart.lost = error
        parts.lost()
      }
    },
  }
  return heart
}

function fail(partition: AssignedPartition, error: unknown, parts: DeliveryParts): void {
  if (driverActionOf(error) !== 'pause') return parts.fatal(error)
  partition.attempts += 1
  Object.assign(partition, { state: 'paused', error: describeError(error) })
  const ms = pauseMs(partition.attempts, error, parts.pausePolicy)
  const { topic, partition: number, attempts } = partition
  parts.logger.warn(
    { topic, partition: number, attempts, waitMs: ms, error: describeError(error) },
    'batch failed on a dependency, partition paused',
  )
  parts.pause(partition)
  // Nothing of the batch is resolved, so the fetch after the pause begins with the same record.
  wait(ms, partition.signal).then(
    () => {
      partition.state = 'running'
      parts.resume(partition)
    },
    () => undefined,
  )
}
