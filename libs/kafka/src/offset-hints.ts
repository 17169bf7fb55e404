import { describeError } from '@synap/core'
import type { Logger } from '@synap/messaging'
import type { EachBatchPayload } from 'kafkajs'
import type { AssignedPartition } from './assignment.ts'

/** Milliseconds between two hints: each is a write of the broker, in front of the next fetch. */
const everyMs = 500

interface Hint {
  payload: Pick<EachBatchPayload, 'commitOffsetsIfNecessary'>
  /** Offset of the next record to be handled. */
  next: bigint
}

/** Tells Kafka how far we are, for lag displays only: the newest of all partitions in one message, now and then. */
export interface OffsetHints {
  note(partition: AssignedPartition, newest: Hint): void
}

/** One per membership. What is due is told when partitions are given up. */
export function createOffsetHints(logger: Logger): OffsetHints {
  const due = new Map<AssignedPartition, Hint>()
  let timer: NodeJS.Timeout | undefined
  const watched = new WeakSet<AbortSignal>()

  const tell = () => {
    clearTimeout(timer)
    timer = undefined
    const hints = [...due]
    due.clear()
    const [, newest] = hints.at(-1) ?? []
    if (newest === undefined) return
    const byTopic = Map.groupBy(hints, ([{ topic }]) => topic)
    const topics = [...byTopic].map(([topic, ofTopic]) => ({
      topic,
      partitions: ofTopic.map(([{ partition }, { next }]) => ({ partition, offset: next.toString() })),
    }))
    // Through a batch's own function: the consumer's `commitOffsets` ends the consumer when the group is rebalancing
    // (reliability P6). A failure changes nothing.
    newest.payload.commitOffsetsIfNecessary({ topics }).catch((error: unknown) => {
      logger.debug({ error: describeError(error) }, 'committing the offset hint failed')
    })
  }

  return {
    note(partition, newest) {
      // The newest stands last, so that its batch is one of the present generation.
      due.delete(partition)
      due.set(partition, newest)
      const { signal } = partition
      if (!watched.has(signal)) {
        watched.add(signal)
        signal.addEventListener('abort', tell, { once: true })
      }
      timer ??= setTimeout(tell, everyMs)
    },
  }
}
