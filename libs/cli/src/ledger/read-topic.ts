import { randomUUID } from 'node:crypto'
import { partitionOf } from '@synap/contracts'
import { type UserId, withDeadline } from '@synap/core'
import type { KafkaDriver } from '@synap/kafka'

const deadlineMs = 60_000

/**
 * Counts a user's events in the topic: how many sequences stand in it, and how many records beyond the first of each.
 * Reads with a consumer group of its own that stores nothing.
 */
export async function countEventsInTopic(
  kafka: KafkaDriver,
  topic: string,
  userId: UserId,
): Promise<{ events: number; repeated: number }> {
  const marks = await kafka.watermarks(topic)
  const wanted = partitionOf(userId, marks.size)
  const end = marks.get(wanted)?.high ?? 0n
  const sequences = new Set<string>()
  let records = 0
  let reached = marks.get(wanted)?.low ?? 0n
  const atEnd = Promise.withResolvers<void>()
  if (reached >= end) atEnd.resolve()
  const consumer = kafka.consumerDriver.createConsumer({
    groupId: `synap-ledger-${randomUUID()}`,
    topics: [topic],
    resumeAt: async (_topic, partition, at) => (partition === wanted ? at.low : at.high),
    async handle({ partition, messages }) {
      if (partition !== wanted) return
      for (const { offset, headers } of messages) {
        if (offset < reached) continue
        reached = offset + 1n
        if (headers['synap-user'] !== userId || headers['synap-sequence'] === undefined) continue
        records += 1
        sequences.add(headers['synap-sequence'])
      }
      if (reached >= end) atEnd.resolve()
    },
  })
  try {
    await withDeadline('reading the topic', deadlineMs, undefined, async () => {
      if (reached < end) await consumer.start()
      await atEnd.promise
    })
  } finally {
    await consumer.close()
  }
  return { events: sequences.size, repeated: records - sequences.size }
}
