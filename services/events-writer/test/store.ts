import { avscOf, type EventType, eventTypes } from '@synap/contracts'
import { createHistory, toMessages } from '@synap/inbox/testing'
import { type InboundMessage, silentLogger } from '@synap/messaging'
import { type Capabilities, createPool, type Pool } from '@synap/postgres'
import { createEventsInbox } from '../src/inbox.ts'

export const schemaIdOf = (type: EventType) => eventTypes.indexOf(type) + 1
const away = () => Promise.reject(new Error('this test has no ingest'))

export const newHistory = (startAt?: number) =>
  createHistory(startAt === undefined ? { schemaIdOf } : { schemaIdOf, startAt })

/** The events-writer without its topic: records are handed over by the test, the database is real. */
export function openStore(databaseUrl: string, capabilities?: Capabilities) {
  const pool = createPool({
    url: databaseUrl,
    applicationName: 'events-writer-test',
    ...(capabilities === undefined ? {} : { capabilities }),
  })
  return { pool, newInbox: () => newInboxOn(pool) }
}

/** An inbox of the log in the database behind a pool. */
export function newInboxOn(pool: Pool) {
  return createEventsInbox({
    pool,
    consumerDriver: { readAt: async () => undefined },
    registry: {
      schemaById: async (id) => {
        const type = eventTypes[id - 1]
        return type === undefined ? undefined : avscOf(type)
      },
    },
    ingest: { internalEvents: away, heads: away },
    logger: silentLogger,
    config: { haltPercent: 100 },
  })
}

/** Delivers records to partition 0 as one batch. */
export async function deliver(
  inbox: ReturnType<typeof newInboxOn>,
  records: Parameters<typeof toMessages>[0],
  firstOffset = 0,
): Promise<void> {
  const messages: InboundMessage[] = toMessages(records, { firstOffset })
  const [first] = messages
  if (first === undefined) return
  const { topic, partition } = first
  await inbox
    .resumeAt(topic, partition, { low: BigInt(firstOffset), high: 1_000_000n })
    .catch(() => undefined)
  await inbox.handle(
    { topic, partition, messages, highWatermark: BigInt(firstOffset + messages.length) },
    { signal: new AbortController().signal, heartbeat: async () => undefined },
  )
}
