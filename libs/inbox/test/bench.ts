import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { avscOf, type DecodedEvent, type EventType, eventTypes, topics } from '@synap/contracts'
import { type InboundMessage, silentLogger } from '@synap/messaging'
import { type Client, createPool, execute, migrate, type Pool, query } from '@synap/postgres'
import { createTestDatabase } from '@synap/testing'
import { inboxDdl, parkedDdl } from '../src/ddl.ts'
import { createWriterDecoder } from '../src/decode.ts'
import { createInbox } from '../src/inbox.ts'
import type { InboxOptions, PlacedEvent } from '../src/types.ts'
import { createHistory } from './history.ts'

export const schema = 'inbox_test'
export const role = 'synap_enricher'

const effects = `
create table inbox_test.effects (
  n bigint generated always as identity,
  user_id uuid not null,
  sequence bigint not null,
  aggregate_id uuid not null,
  version int not null,
  title text check (title <> 'refuse me'),
  primary key (user_id, sequence)
);
create table inbox_test.records (key text primary key, value text check (value <> 'refuse me'));
`

/** A database with the tables of an inbox and a store of effects that notices anything applied twice. */
export interface Bench {
  pool: Pool
  /** Rows of a query, as the superuser sees them: fields joined by `|`. */
  sql(text: string): Promise<string[]>
  close(): Promise<void>
}

export async function createBench(): Promise<Bench> {
  const database = await createTestDatabase()
  const pool = createPool({ url: database.url, applicationName: 'inbox-test' })
  const directory = await mkdtemp(join(tmpdir(), 'synap-inbox-'))
  await writeFile(join(directory, '0001_inbox.sql'), inboxDdl(schema))
  await writeFile(join(directory, '0002_effects.sql'), effects)
  await writeFile(join(directory, '0003_parked.sql'), parkedDdl(schema))
  await migrate(pool, { service: 'inbox-test', schema, role, directory })
  await rm(directory, { recursive: true })
  return {
    pool,
    sql: (text) => database.superuserSql(text),
    async close() {
      await pool.end()
      await database.close()
    },
  }
}

export const schemaIdOf = (type: EventType) => eventTypes.indexOf(type) + 1
export const newHistory = () => createHistory({ schemaIdOf })

/** A registry that knows today's schemas under the ids of `schemaIdOf`. */
export async function schemaById(id: number): Promise<string | undefined> {
  const type = eventTypes[id - 1]
  return type === undefined ? undefined : avscOf(type)
}

/** As the inboxes of the bench decode. */
export const decode = createWriterDecoder(schemaById)

export async function applyEffects(
  client: Client,
  events: readonly PlacedEvent<DecodedEvent>[],
): Promise<void> {
  for (const { userId, sequence, aggregateId, version, event } of events) {
    await execute(client, {
      text: `insert into inbox_test.effects (user_id, sequence, aggregate_id, version, title)
             values ($1::uuid, $2::bigint, $3::uuid, $4::int, $5::text)`,
      values: [userId, sequence, aggregateId, version, event.delta['title'] ?? null],
    })
  }
}

async function versionsOf(client: Client, aggregates: readonly { aggregateId: string }[]) {
  const rows = await query<{ aggregate_id: string; version: number }>(client, {
    text: `select aggregate_id, max(version) as version from inbox_test.effects
           where aggregate_id = any ($1::uuid[]) group by aggregate_id`,
    values: [aggregates.map((aggregate) => aggregate.aggregateId)],
  })
  return new Map(rows.map((row) => [row.aggregate_id, row.version]))
}

/** An inbox of the bench; ingest is away unless a test says otherwise. */
export function buildInbox(pool: Pool, options: Partial<InboxOptions<DecodedEvent>> = {}) {
  const away = () => Promise.reject(new Error('this test has no ingest'))
  return createInbox<DecodedEvent>({
    schema,
    role,
    consumer: 'inbox-test',
    pool,
    logger: silentLogger,
    readAt: async () => undefined,
    decode,
    fetchEvents: away,
    fetchHeads: away,
    apply: applyEffects,
    unknownTypes: 'apply',
    holdAggregates: true,
    versionsOf,
    ...options,
  })
}

export type TestInbox = ReturnType<typeof buildInbox>

export const context = () => ({ signal: new AbortController().signal, heartbeat: async () => undefined })

/** Assigns the partition if need be and delivers records as one batch. */
export async function deliver(
  inbox: Pick<TestInbox, 'resumeAt' | 'handle'>,
  messages: readonly InboundMessage[],
) {
  const [first] = messages
  const last = messages.at(-1)
  if (first === undefined || last === undefined) return
  const { topic, partition } = first
  await inbox.handle({ topic, partition, messages, highWatermark: last.offset + 1n }, context())
}

export const assign = (inbox: Pick<TestInbox, 'resumeAt'>, topic = 'synap.events.v1', partition = 0) =>
  inbox.resumeAt(topic, partition, { low: 0n, high: 0n })

/** Assigns every partition of a topic that is empty: the inbox then answers for all users. */
export async function assignAll(inbox: Pick<TestInbox, 'resumeAt'>): Promise<void> {
  for (let partition = 0; partition < topics.events.partitions; partition += 1) {
    await assign(inbox, topics.events.name, partition)
  }
}
