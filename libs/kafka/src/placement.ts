import { describeError, SynapError, wait } from '@synap/core'
import {
  assertHeld,
  type ConsumerOptions,
  driverActionOf,
  type PausePolicy,
  pauseMs,
  type Watermarks,
} from '@synap/messaging'
import type { AssignedPartition } from './assignment.ts'

export interface PlacementParts {
  resumeAt: ConsumerOptions['resumeAt']
  watermarks: (topic: string, signal: AbortSignal) => Promise<Watermarks>
  pausePolicy: PausePolicy
  /** The position is known: fetch from there. */
  release(partition: AssignedPartition, offset: bigint): void
  /** A failure that ends or halts the whole consumer. */
  fatal(error: unknown): void
}

/**
 * Finds out where a partition goes on, and releases it there. Asks again while a dependency is away. A position that
 * the topic does not have any more (or not yet) halts: retention or a new topic of the same name took records that were
 * never handled, and starting elsewhere would lose them in silence.
 */
export async function placePartition(partition: AssignedPartition, parts: PlacementParts): Promise<void> {
  const { signal } = partition
  while (!signal.aborted) {
    try {
      // The handler of the assignment before may still be committing.
      await partition.handling
      partition.handling = undefined
      const position = await findPosition(partition, parts)
      if (signal.aborted) return
      Object.assign(partition, { state: 'running', position, attempts: 0, error: null })
      parts.release(partition, position)
      return
    } catch (error) {
      if (signal.aborted) return
      if (driverActionOf(error) !== 'pause') return parts.fatal(error)
      partition.attempts += 1
      partition.error = describeError(error)
      await wait(pauseMs(partition.attempts, error, parts.pausePolicy), signal).catch(() => undefined)
    }
  }
}

async function findPosition(partition: AssignedPartition, parts: PlacementParts): Promise<bigint> {
  const { topic, partition: number, signal } = partition
  const at = (await parts.watermarks(topic, signal)).get(number)
  if (at === undefined) {
    throw new SynapError('the topic has no such partition yet', {
      code: 'partition.unknown',
      class: 'dependency',
      fields: { topic, partition: number },
    })
  }
  // Where this assignment stood already, when kafkajs lost its place: the first answer of a consumer without a stored
  // position is the oldest record, and that may have moved on past records it never got.
  if (partition.position !== null) assertHeld(topic, number, partition.position, at)
  const position = await parts.resumeAt(topic, number, at)
  assertHeld(topic, number, position, at)
  partition.highWatermark = at.high
  return position
}
