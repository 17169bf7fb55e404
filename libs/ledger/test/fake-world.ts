import { eventHeaders, partitionOf } from '@synap/contracts'
import type { AggregateId, EventId, UserId } from '@synap/core'
import type { Consumer, ConsumerOptions, InboundMessage } from '@synap/messaging'
import type { EventAt, LogRow, Moment, OutboxRow, Slot } from '../src/agreement/place.ts'
import type { TopicToRead } from '../src/agreement/read-topic.ts'
import type { LedgerStores, Placed, Position, Span, UserPage } from '../src/agreement/stores.ts'

export interface ReadAggregate {
  aggregateId: string
  version: number
  sequence: number
}

/** What the stores have of one user. */
export interface FakeUser {
  userId: UserId
  head: number
  logSeen: number
  readSeen: number
  erased: number | null
  outbox: Placed<OutboxRow>[]
  log: Placed<LogRow>[]
  logSlots: Placed<Slot>[]
  readSlots: Placed<Slot>[]
  read: ReadAggregate[]
  purged: string[]
  topic: Placed<EventAt>[]
}

export interface FakeWorld {
  moment: Moment
  users: FakeUser[]
  /** Offset of the first record of each partition, and when it was published. */
  low: bigint
  oldestAt: number
}

const partitions = 3

/** The stores of a world, which counts what it is asked. */
export function storesOf(world: FakeWorld): LedgerStores {
  const page = ({ user, after, limit }: UserPage, of: (one: FakeUser) => number) =>
    world.users
      .filter(
        (one) =>
          of(one) > 0 && (user === null || one.userId === user) && (after === null || one.userId > after),
      )
      .sort((one, other) => (one.userId < other.userId ? -1 : 1))
      .slice(0, limit)
  const within = <T>(spans: readonly Span[], rowsOf: (user: FakeUser) => Placed<T>[]) =>
    spans.flatMap(({ userId, from, to }) =>
      world.users
        .filter((user) => user.userId === userId)
        .flatMap((user) => rowsOf(user).filter(({ sequence }) => sequence >= from && sequence <= to))
        .sort((one, other) => one.sequence - other.sequence),
    )
  const positions = (of: (one: FakeUser) => number) => async (asked: UserPage) =>
    page(asked, of).map((user): Position => ({ userId: user.userId, sequence: of(user) }))
  return {
    moment: async () => world.moment,
    heads: positions(({ head }) => head),
    logPositions: positions(({ logSeen }) => logSeen),
    readPositions: async (asked) =>
      page(asked, ({ readSeen }) => readSeen).map(({ userId, readSeen: sequence, erased }) => ({
        userId,
        sequence,
        erased,
      })),
    outboxRows: async (spans) => within(spans, ({ outbox }) => outbox),
    logRows: async (spans) => within(spans, ({ log }) => log),
    logSlots: async (spans) => within(spans, ({ logSlots }) => logSlots),
    readSlots: async (spans) => within(spans, ({ readSlots }) => readSlots),
    readVersions: async (aggregates, ends) =>
      world.users.flatMap(({ userId, read, purged }) => [
        ...read
          .filter(({ aggregateId }) => aggregates.includes(aggregateId))
          .map((row) => ({ ...row, userId, purged: false })),
        ...purged
          .filter((id) => aggregates.includes(id) || ends.includes(id))
          .map((aggregateId) => ({ aggregateId, userId, version: 0, sequence: 0, purged: true })),
      ]),
    readCounts: async (ids) =>
      new Map(
        world.users
          .filter(({ userId }) => ids.includes(userId))
          .map(({ userId, read }) => [userId, read.length]),
      ),
    parked: async (store) => {
      const slots = world.users.flatMap((user) => (store === 'log' ? user.logSlots : user.readSlots))
      return new Map(
        slots.map(({ reason }) => [reason, slots.filter((slot) => slot.reason === reason).length]),
      )
    },
    oldest: async (places) => {
      const times = world.users.flatMap(({ outbox }) =>
        outbox
          .filter((row) =>
            places.some(({ userId, sequence }) => row.userId === userId && row.sequence === sequence),
          )
          .map(({ createdAt }) => createdAt),
      )
      return times.length === 0 ? null : Math.min(...times)
    },
    async *readAggregates(userId) {
      for (const user of world.users)
        if (user.userId === userId) yield user.read.map((row) => ({ ...row, userId }))
    },
  }
}

/** The topic of a world, delivered in small batches, the last batch of each partition twice. */
export function topicOf(world: FakeWorld): TopicToRead {
  const logs = Array.from({ length: partitions }, (): InboundMessage[] => [])
  for (const { topic } of world.users)
    for (const record of topic) logs[partitionNumber(record)]?.push(messageOf(record))
  for (const messages of logs) {
    for (const [index, message] of messages.entries())
      Object.assign(message, { offset: world.low + BigInt(index), timestamp: world.oldestAt + index })
  }
  const marks = new Map(
    logs.map((messages, number) => [number, { low: world.low, high: world.low + BigInt(messages.length) }]),
  )
  return {
    name: 'events',
    log: {
      watermarks: async () => marks,
      consumerDriver: {
        readAt: async () => undefined,
        createConsumer: (options) => fakeConsumer(options, logs, world.low),
      },
    },
  }
}

const partitionNumber = ({ userId }: { userId: UserId }) => partitionOf(userId, partitions)

function messageOf(record: Placed<EventAt>): InboundMessage {
  const { userId, sequence, aggregateId, eventId, version } = record
  const place = {
    id: eventId as EventId,
    userId,
    aggregateId: aggregateId as AggregateId,
    version,
    sequence,
    occurredAt: 0,
    type: 'entity.created',
  }
  return {
    topic: 'events',
    partition: partitionNumber(record),
    offset: 0n,
    key: userId,
    value: null,
    headers: eventHeaders(place, 'a'.repeat(64)),
    timestamp: 0,
  }
}

function fakeConsumer(options: ConsumerOptions, logs: readonly InboundMessage[][], low: bigint): Consumer {
  const finished = Promise.withResolvers<void>()
  const context = { signal: new AbortController().signal, heartbeat: async () => undefined }
  const deliver = async (partition: number) => {
    const messages = logs[partition] ?? []
    const highWatermark = low + BigInt(messages.length)
    const from = Number((await options.resumeAt('events', partition, { low, high: highWatermark })) - low)
    for (let at = from; at < messages.length; at += 50) {
      const batch = { topic: 'events', partition, messages: messages.slice(at, at + 50), highWatermark }
      await options.handle(batch, context)
      if (at + 50 >= messages.length) await options.handle(batch, context)
    }
  }
  return {
    finished: finished.promise,
    start: async () => {
      for (let partition = 0; partition < partitions; partition += 1) await deliver(partition)
    },
    health: () => ({ state: 'running', ready: true, reason: null, partitions: [] }),
    close: async () => finished.resolve(),
  }
}
