import { randomUUID } from 'node:crypto'
import { type Ledger, partitionOf } from '@synap/contracts'
import { type UserId, withDeadline } from '@synap/core'
import type { MessageLog } from '@synap/messaging'

const deadlineMs = 60_000

/** The topic and how it is read. */
export interface TopicToCount {
  log: Pick<MessageLog, 'watermarks' | 'consumerDriver'>
  /** Its name in use, prefix included. */
  name: string
  /** A group of its own for each count unless given; a given one must not count twice at the same time. */
  groupId?: string
}

/**
 * Counts a user's events in the topic as it is now: how many sequences stand in it, and how many records beyond the
 * first of each. Rejects with class dependency when that takes more than a minute.
 */
export async function countTopic(
  { log, name, groupId = `synap-ledger-${randomUUID()}` }: TopicToCount,
  userId: UserId,
  signal?: AbortSignal,
): Promise<NonNullable<Ledger['topic']>> {
  const marks = await log.watermarks(name, signal)
  const wanted = partitionOf(userId, marks.size)
  const end = marks.get(wanted)?.high ?? 0n
  const sequences = new Set<string>()
  let records = 0
  let reached = marks.get(wanted)?.low ?? 0n
  const atEnd = Promise.withResolvers<void>()
  const consumer = log.consumerDriver.createConsumer({
    groupId,
    topics: [name],
    resumeAt: async (_topic, partition, at) => (partition === wanted ? at.low : at.high),
    async handle({ partition, messages }) {
      if (partition !== wanted) return
      for (const { offset, headers } of messages) {
        // Delivered again after the partition moved, or newer than what is counted.
        if (offset < reached || offset >= end) continue
        reached = offset + 1n
        if (headers['synap-user'] !== userId || headers['synap-sequence'] === undefined) continue
        records += 1
        sequences.add(headers['synap-sequence'])
      }
      if (reached >= end) atEnd.resolve()
    },
  })
  consumer.finished.catch(atEnd.reject)
  if (reached >= end) atEnd.resolve()
  try {
    await withDeadline('reading the topic', deadlineMs, signal, async () => {
      if (reached < end) await consumer.start()
      await atEnd.promise
    })
  } finally {
    await consumer.close()
  }
  return { events: sequences.size, repeated: records - sequences.size }
}
