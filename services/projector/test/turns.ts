import { eventHeaders, partitionOf, type SynapEvent, topics } from '@synap/contracts'
import { errorClass, type UserId } from '@synap/core'
import { createInbox, createRecordInbox, type Inbox } from '@synap/inbox'
import { type InboundMessage, silentLogger } from '@synap/messaging'
import { type Pool, query, transaction } from '@synap/postgres'
import { readModelOf } from '../src/config.ts'
import { projectionOf } from '../src/events-consumer.ts'
import { projectDerived, type ReadDerived } from '../src/project-derived.ts'

const fingerprint = 'f'.repeat(64)
const context = { signal: new AbortController().signal, heartbeat: () => Promise.resolve() }
const { schema, role } = projectionOf(readModelOf(1))

/** What both topics hold, and what ingest would tell. */
export interface World {
  topic: { events: string; derived: string }
  /** All events there are, by user in the order of their sequences. */
  events: readonly SynapEvent[]
  /** As the topic has them: some twice, some too early, some not at all. */
  published: readonly SynapEvent[]
  derived: readonly ReadDerived[]
  /** Types of tomorrow, to the processes of today. */
  unknown: ReadonlySet<string>
}

type Topic = 'events' | 'derived'
type Handler = Pick<Inbox, 'resumeAt' | 'handle'>

export interface Partition {
  topic: Topic
  number: number
  messages: readonly InboundMessage[]
}

/** The partitions that hold something. */
export function partitionsOf(world: World): Partition[] {
  const made = new Map<string, { topic: Topic; number: number; messages: InboundMessage[] }>()
  const add = (topic: Topic, userId: string, more: Pick<InboundMessage, 'value' | 'headers'>) => {
    const number = partitionOf(userId, topics[topic].partitions)
    const partition = made.get(`${topic}/${number}`) ?? { topic, number, messages: [] }
    made.set(`${topic}/${number}`, partition)
    const offset = BigInt(partition.messages.length)
    const place = { topic: world.topic[topic], partition: number, offset, key: userId, timestamp: 0 }
    partition.messages.push({ ...place, ...more })
  }
  for (const event of world.published) {
    add('events', event.userId, {
      value: Buffer.from(event.id),
      headers: eventHeaders(event, fingerprint),
    })
  }
  for (const [index, { change }] of world.derived.entries()) {
    const { userId } = change.kind === 'tombstone' ? change.place : change.record
    add('derived', userId, { value: Buffer.from(String(index)), headers: {} })
  }
  return [...made.values()]
}

/** One projector: both of its inboxes, real but for the wire format, and how far it believes to be. */
export class Projector {
  readonly events: Inbox
  readonly #derived: Handler
  readonly #cursors = new Map<Partition, number>()

  constructor(pool: Pool, world: World, partitions: readonly Partition[]) {
    this.events = createEventsInbox(pool, world, partitions)
    this.#derived = createRecordInbox<ReadDerived>({
      schema,
      role,
      pool,
      consumer: 'projector-derived',
      logger: silentLogger,
      haltShare: 1,
      decode: ({ value }) => {
        const record = world.derived[Number(value)]
        if (record === undefined) return Promise.resolve({ ok: false, detail: 'unknown' })
        return Promise.resolve({ ok: true, record })
      },
      apply: (client, records) =>
        projectDerived(
          client,
          schema,
          records.map(({ record }) => record),
        ),
    })
  }

  /** A rebalance gives it the partition: it goes on where the store says. */
  async assign(partition: Partition): Promise<number> {
    const high = BigInt(partition.messages.length)
    const next = await this.#handlerOf(partition).resumeAt(nameOf(partition), partition.number, {
      low: 0n,
      high,
    })
    this.#cursors.set(partition, Number(next))
    return Number(next)
  }

  /** A topic that was made anew: what is derived is read again from its start. */
  async rereadDerived(partition: Partition): Promise<void> {
    if (partition.topic !== 'derived') return
    await this.#derived.resumeAt(nameOf(partition), partition.number, { low: 0n, high: 0n })
    this.#cursors.set(partition, 0)
  }

  /** It knows that the partition is no longer its own. */
  lose(partition: Partition): void {
    this.#cursors.delete(partition)
  }

  /** Delivers the next `size` records and the last `again` ones once more, whoever owns the partition by now. */
  async deliver(partition: Partition, size: number, again: number): Promise<void> {
    const cursor = this.#cursors.get(partition) ?? (await this.assign(partition))
    const messages = partition.messages.slice(Math.max(0, cursor - again), cursor + size)
    if (messages.length === 0) return
    const batch = {
      topic: nameOf(partition),
      partition: partition.number,
      messages,
      highWatermark: BigInt(partition.messages.length),
    }
    try {
      await this.#handlerOf(partition).handle(batch, context)
      this.#cursors.set(partition, Math.min(cursor + size, partition.messages.length))
    } catch (error) {
      // The driver would deliver the batch again.
      if (errorClass(error) !== 'dependency') throw error
    }
  }

  #handlerOf({ topic }: Partition): Handler {
    return topic === 'events' ? this.events : this.#derived
  }
}

function createEventsInbox(pool: Pool, world: World, partitions: readonly Partition[]): Inbox {
  const byId = new Map<string, SynapEvent>(world.events.map((event) => [event.id, event]))
  const place = (event: SynapEvent) => {
    const { id, type, userId, aggregateId, version, sequence } = event
    return { id, type, userId, aggregateId, version, sequence }
  }
  return createInbox<SynapEvent>({
    ...projectionOf(readModelOf(1)),
    pool,
    logger: silentLogger,
    haltShare: 1,
    readAt: (topic, number, offset) =>
      Promise.resolve(
        partitions.find((one) => nameOf(one) === topic && one.number === number)?.messages[Number(offset)],
      ),
    decode: (value) => {
      const event = byId.get(String(value))
      if (event === undefined) return Promise.resolve({ ok: false, reason: 'undecodable', detail: 'unknown' })
      const known = !world.unknown.has(event.type)
      const schemaOf = { id: 1, fingerprint, text: '' }
      return Promise.resolve({ ok: true, event, known, schema: schemaOf, envelope: place(event) })
    },
    fetchEvents: (userId, from, to) =>
      Promise.resolve(
        world.events
          .filter((event) => event.userId === userId && event.sequence >= from && event.sequence <= to)
          .map((event) => ({
            sequence: event.sequence,
            status: 'present' as const,
            key: userId,
            value: Buffer.from(event.id),
            headers: eventHeaders(event, fingerprint),
          })),
      ),
    fetchHeads: () => {
      const heads = new Map<UserId, number>()
      for (const { userId, sequence } of world.events) heads.set(userId, sequence)
      const items = [...heads].map(([userId, sequence]) => ({ userId, sequence }))
      return Promise.resolve({ items, next: null })
    },
  })
}

/** How many parked events of these users are not done with. */
export function countParked(pool: Pool, users: readonly string[]): Promise<number> {
  return transaction(pool, { role }, async (client) => {
    const [row] = await query<{ parked: number }>(client, {
      text: `select count(*)::int as parked from ${schema}.parked
        where user_id = any($1::uuid[]) and state in ('open', 'retry')`,
      values: [users],
    })
    return row?.parked ?? 0
  })
}

/** Has everything tried again that is parked, as after an upgrade. */
export async function drainParked(pool: Pool, projector: Projector, users: readonly string[]): Promise<void> {
  for (let tries = 0; tries < 5 && (await countParked(pool, users)) > 0; tries += 1) {
    await transaction(pool, { role }, (client) =>
      query(client, {
        text: `update ${schema}.parked set state = 'retry' where user_id = any($1::uuid[]) and state = 'open'`,
        values: [users],
      }),
    )
    await projector.events.retryParked()
  }
}

function nameOf({ messages }: Partition): string {
  return messages[0]?.topic ?? ''
}
