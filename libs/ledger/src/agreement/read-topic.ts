import { randomUUID } from 'node:crypto'
import { partitionOf } from '@synap/contracts'
import { SynapError, type UserId } from '@synap/core'
import type { InboundMessage, MessageLog, Watermarks } from '@synap/messaging'

/** The topic and how it is read. */
export interface TopicToRead {
  log: Pick<MessageLog, 'watermarks' | 'consumerDriver'>
  /** Its name in use, prefix included. */
  name: string
  /** A group of its own for each reading unless given; a given one must not read twice at the same time. */
  groupId?: string
}

/** What a partition held when it was read. */
export interface PartitionFacts {
  /** Offset of its oldest record; above 0 when retention has taken records away. */
  low: bigint
  /** When its oldest record was published, milliseconds since 1970; null for none. */
  oldestAt: number | null
}

export interface TopicFacts {
  /** Of the partition that has the user's records. */
  of(userId: UserId): PartitionFacts
}

export interface TopicReading {
  /** Of one user only, or of all. */
  user: UserId | null
  /** How many records there are to read, holes included. */
  onBegin?: (records: number) => void
  onRecord: (message: InboundMessage) => void
  signal?: AbortSignal | undefined
}

/** Without a record for this long the reading is given up. */
const silenceMs = 60_000

/**
 * Reads the topic from its oldest record to the end it has now, each record once. Rejects with `topic.silent`
 * (dependency) when no record comes for a minute.
 */
export async function readTopic(
  { log, name, groupId = `synap-ledger-${randomUUID()}` }: TopicToRead,
  { user, onBegin, onRecord, signal = never }: TopicReading,
): Promise<TopicFacts> {
  const marks = await log.watermarks(name, signal)
  const parts = partsOf(marks, user)
  onBegin?.([...parts.values()].reduce((sum, { low, high }) => sum + Number(high - low), 0))
  const open = new Set([...parts].filter(([, part]) => part.next < part.high).map(([number]) => number))
  const facts = (): TopicFacts => ({
    of: (userId) => parts.get(partitionOf(userId, marks.size)) ?? { low: 0n, oldestAt: null },
  })
  if (open.size === 0) return facts()
  const atEnd = Promise.withResolvers<void>()
  let heardAt = performance.now()
  const consumer = log.consumerDriver.createConsumer({
    groupId,
    topics: [name],
    // A partition that comes back after a rebalance goes on where it was.
    resumeAt: async (_topic, number, at) => {
      const part = parts.get(number)
      if (part === undefined || !open.has(number)) return at.high
      return part.next > at.low ? part.next : at.low
    },
    async handle({ partition: number, messages }) {
      heardAt = performance.now()
      const part = parts.get(number)
      if (part === undefined) return
      for (const message of messages) take(part, message, onRecord)
      if (part.next >= part.high) open.delete(number)
      if (open.size === 0) atEnd.resolve()
    },
  })
  const watch = setInterval(() => {
    if (performance.now() - heardAt > silenceMs) atEnd.reject(silent(consumer.health().reason))
  }, 1_000)
  const onAbort = () => atEnd.reject(signal.reason)
  consumer.finished.catch(atEnd.reject)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    signal.throwIfAborted()
    await consumer.start()
    await atEnd.promise
  } finally {
    clearInterval(watch)
    signal.removeEventListener('abort', onAbort)
    await consumer.close()
  }
  return facts()
}

const never = new AbortController().signal

interface Part extends PartitionFacts {
  next: bigint
  high: bigint
}

function partsOf(marks: Watermarks, user: UserId | null): Map<number, Part> {
  const wanted = user === null ? null : partitionOf(user, marks.size)
  const parts = new Map<number, Part>()
  for (const [number, { low, high }] of marks) {
    if (wanted === null || number === wanted) parts.set(number, { low, high, next: low, oldestAt: null })
  }
  return parts
}

/** Leaves out what was delivered again, and what is newer than the end. */
function take(part: Part, message: InboundMessage, onRecord: TopicReading['onRecord']): void {
  const { offset, timestamp } = message
  if (offset < part.next || offset >= part.high) return
  part.next = offset + 1n
  part.oldestAt ??= timestamp
  onRecord(message)
}

const silent = (reason: string | null) =>
  new SynapError(`no record of the topic came for a minute${reason === null ? '' : `: ${reason}`}`, {
    code: 'topic.silent',
    class: 'dependency',
  })
