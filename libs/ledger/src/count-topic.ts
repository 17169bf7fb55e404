import type { Ledger } from '@synap/contracts'
import { type UserId, withDeadline } from '@synap/core'
import { readTopic, type TopicToRead } from './agreement/read-topic.ts'

const deadlineMs = 60_000

/**
 * Counts a user's events in the topic as it is now: how many sequences stand in it, and how many records beyond the
 * first of each. Rejects with class dependency when that takes more than a minute.
 */
export async function countTopic(
  topic: TopicToRead,
  userId: UserId,
  signal?: AbortSignal,
): Promise<NonNullable<Ledger['topic']>> {
  const sequences = new Set<string>()
  let records = 0
  await withDeadline('reading the topic', deadlineMs, signal, (abort) =>
    readTopic(topic, {
      user: userId,
      signal: abort,
      onRecord({ headers }) {
        if (headers['synap-user'] !== userId || headers['synap-sequence'] === undefined) return
        records += 1
        sequences.add(headers['synap-sequence'])
      },
    }),
  )
  return { events: sequences.size, repeated: records - sequences.size }
}
