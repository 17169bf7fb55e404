import {
  deltaToJson,
  type EventType,
  encodeDelta,
  frame,
  parseFrame,
  type SynapEvent,
  schemaFileOf,
} from '@synap/contracts'
import { type AggregateId, type EventId, sha256Hex, type UserId, uuidv7 } from '@synap/core'
import { createPool, type Pool } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appendCall, newUser } from '../test/append-call.ts'
import { registerDirectly } from '../test/register-directly.ts'
import { inTransaction } from './database.ts'
import { listEvents } from './list-events.ts'
import { createSchemaBook, currentFingerprint, type SchemaBook } from './schema-book.ts'
import { append } from './sql/append.ts'
import { selectOutboxBetween } from './sql/outbox.ts'

let database: TestDatabase
let pool: Pool
let schemas: SchemaBook

beforeAll(async () => {
  database = await createTestDatabase(['ingest', 'events-writer'])
  pool = createPool({ url: database.url, applicationName: 'list-events-test' })
  await registerDirectly(pool)
  schemas = await createSchemaBook(pool)
}, 300_000)

afterAll(async () => {
  await pool?.end()
  await database?.close()
})

const file = {
  key: 'users/x/notes/y.md',
  sha256: sha256Hex('x'),
  size: 1_234_567_890_123,
  contentType: 'text/markdown',
  fileType: 'markdown',
  uploadedAt: 1_763_689_260_123,
} as const

type Sample = { [T in EventType]: { type: T; delta: Extract<SynapEvent, { type: T }>['delta'] } }[EventType]

/** Deltas with every kind of value: null, text beyond ASCII, fixed bytes, doubles, longs, lists, records. */
const samples: Sample[] = [
  { type: 'entity.created', delta: { type: 'note', title: null, timeZone: null } },
  { type: 'entity.created', delta: { type: 'idea', title: 'Grüße 😀 "quoted" \\ \n', timeZone: null } },
  {
    type: 'entity.file_uploaded',
    delta: { file, oldFile: null, preview: 'a — b', oldPreview: null, timeZone: null },
  },
  {
    type: 'entity.file_uploaded',
    delta: { file, oldFile: file, preview: null, oldPreview: 'a — b', timeZone: null },
  },
  {
    type: 'ai.enrichment_applied',
    delta: {
      analysisId: uuidv7() as never,
      contentHash: sha256Hex('x'),
      model: 'offline',
      promptVersion: '1',
      offline: true,
      title: { value: 'T', old: null, confidence: 0.1 + 0.2 },
      type: null,
      summary: null,
      people: null,
      language: { value: 'de', old: null, confidence: 1 },
      status: null,
      priority: { value: 3, old: 0, confidence: 1 / 3 },
      due: null,
      tagsAdded: [{ tagId: uuidv7() as never, name: 'Café', confidence: 0.7 }],
      suggestions: [],
    },
  },
  { type: 'entity.deleted', delta: {} },
]

async function appendSamples(userId: UserId): Promise<void> {
  const call = appendCall(userId)
  const aggregateId = call.aggregates[0]?.id as AggregateId
  await append(pool, {
    ...call,
    context: { ...call.context, traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
    events: samples.map(({ type, delta }, index) => ({
      id: uuidv7() as EventId,
      type,
      aggregateId,
      causationId: index === 0 ? null : (uuidv7() as EventId),
      delta: encodeDelta(type, delta as never),
      fingerprint: currentFingerprint(type),
    })),
  })
}

/** Does by SQL what the events-writer does: the events of a user into the log, as decoded from their records. */
async function copyToLog(userId: UserId): Promise<void> {
  const rows = await inTransaction(pool, (client) => selectOutboxBetween(client, userId, 1, 1_000))
  const records = await listEvents(pool, schemas, { user: userId, from: 1, to: rows.length })
  for (const [index, row] of rows.entries()) {
    const record = records[index]
    if (record?.status !== 'present') throw new Error('the outbox has it')
    const parsed = parseFrame(Buffer.from(record.value, 'base64'))
    if (parsed.refused !== undefined) throw new Error(parsed.refused)
    const { text } = schemaFileOf(row.event_type as EventType)
    const literal = (value: string) => `'${value.replaceAll("'", "''")}'`
    const delta = literal(JSON.stringify(deltaToJson(text, parsed.payload)))
    await database.superuserSql(`
      insert into log.schemas (fingerprint, schema_id, schema, event_type, aggregate_type)
      values ('\\x${row.fingerprint}', ${parsed.schemaId}, ${literal(text)}, '${row.event_type}', 'entity')
      on conflict do nothing;
      insert into log.events (occurred_at, event_id, user_id, sequence, aggregate_id, version, schema_no, event_type,
        source, actor_kind, actor_id, correlation_id, causation_id, delta, traceparent)
      select o.occurred_at, o.event_id, o.user_id, o.sequence, o.aggregate_id, o.version, s.no, o.event_type,
        o.source, o.actor_kind, o.actor_id, o.correlation_id, o.causation_id, ${delta}, o.traceparent
        from write.outbox o, log.schemas s
       where o.id = ${row.id} and s.fingerprint = o.schema_fingerprint;`)
  }
  await database.superuserSql(`
    insert into log.user_days (user_id, day, first_sequence, last_sequence, first_at, last_at)
    select user_id, occurred_at::date, min(sequence), max(sequence), min(occurred_at), max(occurred_at)
      from log.events where user_id = '${userId}' group by 1, 2;`)
}

describe('events for a consumer that lacks them', () => {
  it('given events that left the outbox, they come from the log with the same bytes, id, time and headers', async () => {
    const userId = newUser()
    await appendSamples(userId)
    const range = { user: userId, from: 1, to: samples.length }
    const fromOutbox = await listEvents(pool, schemas, range)
    await copyToLog(userId)
    await database.superuserSql(`delete from write.outbox where user_id = '${userId}';`)
    const fromLog = await listEvents(pool, schemas, range)
    expect(fromLog).toEqual(fromOutbox)
    expect(fromLog.map(({ status }) => status)).toEqual(samples.map(() => 'present'))
  })

  it('given some in the outbox, some in the log and some nowhere, each is told as it is', async () => {
    const userId = newUser()
    await appendSamples(userId)
    await copyToLog(userId)
    await database.superuserSql(`
      delete from write.outbox where user_id = '${userId}' and sequence <= 3;
      delete from log.events where user_id = '${userId}' and sequence = 2;`)
    const answer = await listEvents(pool, schemas, { user: userId, from: 1, to: samples.length + 2 })
    expect(answer.map(({ sequence, status }) => [sequence, status])).toEqual([
      [1, 'present'],
      [2, 'absent'],
      [3, 'present'],
      [4, 'present'],
      [5, 'present'],
      [6, 'present'],
      [7, 'absent'],
      [8, 'absent'],
    ])
  })

  it('given a registry that was set up anew, events of the log are framed with its ids', async () => {
    const userId = newUser()
    await appendSamples(userId)
    await copyToLog(userId)
    await database.superuserSql(`delete from write.outbox where user_id = '${userId}';`)
    await database.superuserSql('update write.schemas set registry_id = registry_id + 1000;')
    const renewed = await createSchemaBook(pool)
    const [first] = await listEvents(pool, renewed, { user: userId, from: 1, to: 1 })
    if (first?.status !== 'present') throw new Error('the log has it')
    const { registry_id: id } = renewed.find(currentFingerprint('entity.created'))
    expect(Buffer.from(first.value, 'base64').subarray(0, 5)).toEqual(frame(id))
    await database.superuserSql('update write.schemas set registry_id = registry_id - 1000;')
  })
})
