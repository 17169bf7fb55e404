import { parseEventHeaders } from '@synap/contracts'
import { SynapError, type UserId } from '@synap/core'
import type { MessageLog } from '@synap/messaging'

export interface TopicToRead {
  log: Pick<MessageLog, 'watermarks' | 'consumerDriver'>
  /** Its name in use, prefix included. */
  name: string
}

/** Without a record for this long the reading is given up. */
const silenceMs = 60_000

/**
 * The highest sequence of each user in the topic as it is now, from its first record to its last. Rejects with
 * `topic.silent` (dependency) when no record comes for a minute.
 */
export async function readTopicHeads(
  { log, name }: TopicToRead,
  onRecords: (records: number) => void,
  signal: AbortSignal,
): Promise<Map<UserId, number>> {
  const marks = await log.watermarks(name, signal)
  const heads = new Map<UserId, number>()
  const open = new Set([...marks].filter(([, { low, high }]) => low < high).map(([partition]) => partition))
  if (open.size === 0) return heads
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let heardAt = performance.now()
  const consumer = log.consumerDriver.createConsumer({
    groupId: 'synap-reconcile',
    topics: [name],
    resumeAt: async (_topic, partition, { low, high }) => (open.has(partition) ? low : high),
    async handle({ partition, messages }) {
      heardAt = performance.now()
      for (const { headers } of messages) {
        const place = parseEventHeaders(headers)
        if (place.ok && place.sequence > (heads.get(place.userId) ?? 0))
          heads.set(place.userId, place.sequence)
      }
      onRecords(messages.length)
      const next = (messages.at(-1)?.offset ?? -1n) + 1n
      if (next >= (marks.get(partition)?.high ?? 0n)) open.delete(partition)
      if (open.size === 0) resolve()
    },
  })
  consumer.finished.then(resolve, reject)
  const watch = setInterval(() => {
    if (performance.now() - heardAt > silenceMs) reject(silent())
  }, 1_000)
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    signal.throwIfAborted()
    await consumer.start()
    await promise
  } finally {
    clearInterval(watch)
    signal.removeEventListener('abort', onAbort)
    await consumer.close()
  }
  return heads
}

const silent = () =>
  new SynapError('no record of the topic came for a minute', { code: 'topic.silent', class: 'dependency' })
