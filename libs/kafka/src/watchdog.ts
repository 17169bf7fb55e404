import { describeError, SynapError } from '@synap/core'
import type { Logger, Watermarks } from '@synap/messaging'
import type { AssignedPartition } from './assignment.ts'
import type { RecordReader } from './record-reader.ts'

export interface WatchdogParts {
  partitions(): readonly AssignedPartition[]
  watermarks: (topic: string, signal: AbortSignal) => Promise<Watermarks>
  records: RecordReader
  /** Milliseconds with lag and without a move, after which a partition counts as stuck. */
  stuckAfterMs: number
  logger: Logger
  fatal(error: SynapError): void
}

/**
 * Finds partitions that are assigned but silently not fetched (reliability P9). Call it every some seconds. The time
 * counts on a monotonic clock from the first look that saw lag, so a long idle time before it does not matter.
 */
export function createWatchdog(parts: WatchdogParts): (signal: AbortSignal) => Promise<void> {
  const behind = new WeakMap<AssignedPartition, { position: bigint; since: number }>()

  const isStuck = async (partition: AssignedPartition, high: bigint, signal: AbortSignal) => {
    const { position } = partition
    if (partition.state !== 'running' || partition.handling !== undefined || position === null) return false
    if (high <= position) {
      behind.delete(partition)
      return false
    }
    const seen = behind.get(partition)
    if (seen === undefined || seen.position !== position) {
      behind.set(partition, { position, since: performance.now() })
      return false
    }
    if (performance.now() - seen.since < parts.stuckAfterMs) return false
    // Compaction can leave the end of a partition without records; then there is nothing to wait for.
    const next = await parts.records.firstFrom(partition.topic, partition.partition, position, signal)
    return next !== undefined && partition.position === position && !partition.signal.aborted
  }

  return async (signal) => {
    try {
      const ends = new Map<string, Watermarks>()
      for (const partition of parts.partitions()) {
        const { topic, partition: number } = partition
        const marks = ends.get(topic) ?? (await parts.watermarks(topic, signal))
        ends.set(topic, marks)
        const high = marks.get(number)?.high ?? 0n
        if (await isStuck(partition, high, signal)) return parts.fatal(stuck(partition, high))
      }
    } catch (error) {
      parts.logger.debug({ error: describeError(error) }, 'the watchdog could not look')
    }
  }
}

function stuck({ topic, partition, position }: AssignedPartition, high: bigint): SynapError {
  return new SynapError('the partition has records but none has been delivered for too long', {
    code: 'consumer.stuck',
    class: 'bug',
    fields: { topic, partition, position: Number(position), high: Number(high) },
  })
}
