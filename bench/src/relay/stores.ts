import { createHash } from 'node:crypto'
import { encodeDelta, messageHeaders, schemaFileOf } from '@synap/contracts'
import { uuidv7 } from '@synap/core'
import { createKafka } from '@synap/kafka'
import { type InboundMessage, silentLogger } from '@synap/messaging'
import { createPool } from '@synap/postgres'
import type { BenchServers } from '../servers.ts'
import type { MixedEvent } from '../stream/event-mix.ts'
import { recordOf, schemaIdOf } from '../stream/events-topic.ts'
import { benchTables, outboxes, storeEvents } from './outbox.ts'

/** Makes a database with ingest's outbox, the peers' outboxes and the made events; its URL. */
export async function createOutboxes(
  servers: BenchServers,
  database: string,
  events: readonly MixedEvent[],
): Promise<string> {
  const url = await servers.createDatabase(database, ['ingest'])
  const types = new Map(events.map(({ type }) => [type, schemaFileOf(type)]))
  const schemas = [...types].map(
    ([type, { text, subject, fingerprint }]) =>
      `('\\x${fingerprint.toString('hex')}', '${type}', '${subject}', $json$${text}$json$, ${schemaIdOf(type)})`,
  )
  await servers.sql(
    database,
    `${benchTables}
     grant usage on schema write to synap; grant all on all tables in schema write to synap;
     insert into write.schemas (fingerprint, record_name, subject, schema, registry_id) values ${schemas.join(', ')};`,
  )
  const pool = createPool({ url, applicationName: 'bench-load', max: 1, statementTimeoutMs: 60_000 })
  try {
    await storeEvents(
      pool,
      events.map((event, index) => [index + 1, ...valuesOf(event)]),
    )
  } finally {
    await pool.end()
  }
  return url
}

function valuesOf(event: MixedEvent): unknown[] {
  const { type, aggregateType, envelope, delta } = event
  const {
    id,
    userId,
    aggregateId,
    version,
    sequence,
    occurredAt,
    source,
    correlationId,
    causationId,
    actor,
  } = envelope
  const { headers } = recordOf(event)
  return [
    id,
    type,
    userId,
    aggregateId,
    aggregateType,
    version,
    sequence,
    new Date(occurredAt).toISOString(),
    source,
    correlationId,
    causationId,
    actor.kind,
    actor.id,
    encodeDelta(type, delta as never).toString('hex'),
    schemaFileOf(type).fingerprint.toString('hex'),
    headers[messageHeaders.traceparent],
    null,
  ]
}

/** Empties all outboxes and lets the server write what it owes. */
export async function emptyOutboxes(servers: BenchServers, database: string): Promise<void> {
  await servers.sql(
    database,
    `truncate ${Object.values(outboxes).join(', ')}, write.relay_lease, write.relay_quarantine;
     alter sequence write.outbox_id restart; checkpoint;`,
  )
}

/** Rows that no relay has marked or deleted. */
export async function countWaiting(servers: BenchServers, database: string): Promise<number> {
  const counts = Object.values(outboxes).map(
    (outbox) => `(select count(*) from ${outbox} where published_at is null)`,
  )
  const [sum = ''] = await servers.sql(database, `select ${counts.join(' + ')};`)
  return Number(sum)
}

/** What the topic has to hold of the first `rows` events: a digest of each record, and each user's events in order. */
export function digestOf(events: readonly MixedEvent[]): string {
  return digestByUser(events.map((event) => recordOf(event)))
}

/** Reads from `from` (by partition) to the end; the digest of what came, in order per user. */
export async function readDigest(
  brokers: string,
  topic: string,
  from: ReadonlyMap<number, bigint>,
): Promise<{ records: number; digest: string }> {
  const kafka = createKafka({ brokers: [brokers], clientId: 'bench-check', logger: silentLogger })
  const records: InboundMessage[] = []
  const ends = await kafka.watermarks(topic)
  const expected = [...ends].reduce(
    (sum, [partition, { high }]) => sum + Number(high - (from.get(partition) ?? 0n)),
    0,
  )
  const all = Promise.withResolvers<void>()
  const consumer = kafka.consumerDriver.createConsumer({
    groupId: `bench-${uuidv7()}`,
    topics: [topic],
    resumeAt: async (_, partition) => from.get(partition) ?? 0n,
    handle: async ({ messages }) => {
      records.push(...messages)
      if (records.length >= expected) all.resolve()
    },
  })
  if (expected === 0) all.resolve()
  await consumer.start()
  try {
    await Promise.race([all.promise, consumer.finished])
  } finally {
    await consumer.close()
    await kafka.close()
  }
  return { records: records.length, digest: digestByUser(records) }
}

/** Where each partition ends now. */
export async function endsOf(brokers: string, topic: string): Promise<Map<number, bigint>> {
  const kafka = createKafka({ brokers: [brokers], clientId: 'bench-check', logger: silentLogger })
  try {
    return new Map([...(await kafka.watermarks(topic))].map(([partition, { high }]) => [partition, high]))
  } finally {
    await kafka.close()
  }
}

/** SHA-256 over the users in order of their ids, each with its records in the order they came. */
function digestByUser(records: readonly Pick<InboundMessage, 'key' | 'value' | 'headers'>[]): string {
  const users = new Map<string, ReturnType<typeof createHash>>()
  for (const { key, value, headers } of records) {
    const user = key ?? ''
    const hash = users.get(user) ?? createHash('sha256')
    users.set(user, hash)
    hash.update(value ?? '')
    for (const [name, text] of Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1)))
      hash.update(`${name}=${text}\n`)
  }
  const digests = [...users]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([user, hash]) => user + hash.digest('hex'))
  return createHash('sha256').update(digests.join('\n')).digest('hex')
}
