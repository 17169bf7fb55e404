import { describeError, SynapError, wait } from '@synap/core'
import {
  assertHeld,
  type BatchContext,
  type ConsumerOptions,
  driverActionOf,
  type Logger,
  type PartitionHealth,
  type PausePolicy,
  pauseMs,
  type Slots,
  type StartPoint,
} from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import type { Heads } from './heads.ts'
import { readRecords } from './sql/read-records.ts'

export interface PartitionParts {
  pool: Pool
  heads: Heads
  slots: Slots
  limits: { batchRecords: number; batchBytes: number }
  pausePolicy: PausePolicy
  logger: Logger
  options: Pick<ConsumerOptions, 'resumeAt' | 'handle'>
  /** Aborts when the consumer ends, for whatever reason. */
  signal: AbortSignal
  onHandled(partition: PartitionHealth): void
}

export function createPartition(topic: string, partition: number): PartitionHealth {
  const unknown = { position: null, highWatermark: 0n, attempts: 0, error: null } as const
  return { topic, partition, state: 'starting', ...unknown }
}

/**
 * Finds out where to go on, then hands on what there is and what comes, batch by batch. A failing dependency makes it
 * wait and read again from the same record. Returns when the signal aborts; rejects with what halts or crashes the
 * consumer.
 */
export async function runPartition(partition: PartitionHealth, parts: PartitionParts): Promise<void> {
  while (!parts.signal.aborted) {
    try {
      const position = partition.position ?? (await findPosition(partition, parts))
      if (parts.signal.aborted) return
      Object.assign(partition, { state: 'running', position })
      if (partition.attempts === 0)
        await parts.heads.reach(partition.topic, partition.partition, position, parts.signal)
      await parts.slots.run(parts.signal, () => handleNext(partition, position, parts))
      Object.assign(partition, { attempts: 0, error: null })
    } catch (error) {
      if (parts.signal.aborted) return
      if (driverActionOf(error) !== 'pause') throw error
      await pause(partition, error, parts)
    }
  }
}

async function findPosition(partition: PartitionHealth, { heads, options, signal }: PartitionParts) {
  const { topic, partition: number } = partition
  await heads.refresh(signal)
  const at = headOf(heads, partition)
  const position = await options.resumeAt(topic, number, at)
  assertHeld(topic, number, position, at)
  partition.highWatermark = at.high
  Object.assign(partition, { attempts: 0, error: null })
  return position
}

async function handleNext(
  partition: PartitionHealth,
  position: bigint,
  parts: PartitionParts,
): Promise<void> {
  const { topic, partition: number } = partition
  const { signal } = parts
  // Looked at before the read: every record below this end is visible to it, or has been compacted away.
  const head = headOf(parts.heads, partition)
  assertHeld(topic, number, position, head)
  const place = { topic, partition: number }
  const messages = await readRecords(parts.pool, place, position, parts.limits, signal)
  const next = (messages.at(-1)?.offset ?? head.high - 1n) + 1n
  const highWatermark = next > head.high ? next : head.high
  partition.highWatermark = highWatermark
  if (messages.length > 0) {
    await parts.options.handle({ ...place, messages, highWatermark }, contextOf(signal))
    // Applied or not: who comes after starts from the stored position.
    if (signal.aborted) return
  }
  partition.position = next
  parts.onHandled(partition)
}

function headOf(heads: Heads, { topic, partition }: PartitionHealth): StartPoint {
  const head = heads.get(topic, partition)
  if (head !== undefined) return head
  throw new SynapError('the topic has no such partition yet', {
    code: 'partition.unknown',
    class: 'dependency',
    fields: { topic, partition },
  })
}

/** No group takes a partition away here, so a heartbeat only tells a handler when to stop. */
function contextOf(signal: AbortSignal): BatchContext {
  return { signal, heartbeat: async () => signal.throwIfAborted() }
}

async function pause(partition: PartitionHealth, error: unknown, parts: PartitionParts): Promise<void> {
  partition.attempts += 1
  partition.error = describeError(error)
  if (partition.position !== null) partition.state = 'paused'
  const { topic, partition: number, attempts } = partition
  const waitMs = pauseMs(attempts, error, parts.pausePolicy)
  parts.logger.warn(
    { topic, partition: number, attempts, waitMs, error: partition.error },
    'batch failed on a dependency, partition paused',
  )
  await wait(waitMs, parts.signal).catch(() => undefined)
}
