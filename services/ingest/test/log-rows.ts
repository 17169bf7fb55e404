import { deltaToJson, type EventType, parseFrame, schemaFileOf } from '@synap/contracts'
import type { UserId } from '@synap/core'
import type { Pool } from '@synap/postgres'
import type { TestDatabase } from '@synap/testing'
import { inTransaction } from '../src/database.ts'
import { listEvents } from '../src/list-events.ts'
import type { SchemaBook } from '../src/schema-book.ts'
import { selectOutboxBetween } from '../src/sql/outbox.ts'

const literal = (value: string) => `'${value.replaceAll("'", "''")}'`

/** What the events-writer would have stored of a user's outbox. */
export async function copyToLog(
  { database, pool, schemas }: { database: TestDatabase; pool: Pool; schemas: SchemaBook },
  userId: UserId,
  from = 1,
  to = 1_000,
): Promise<void> {
  const rows = await inTransaction(pool, (client) => selectOutboxBetween(client, userId, from, to))
  const records = await listEvents(pool, schemas, { user: userId, from, to: rows.at(-1)?.sequence ?? to })
  for (const row of rows) {
    const record = records.find(({ sequence }) => sequence === row.sequence)
    if (record?.status !== 'present') throw new Error('the outbox has it')
    const parsed = parseFrame(Buffer.from(record.value, 'base64'))
    if (parsed.refused !== undefined) throw new Error(parsed.refused)
    const { text } = schemaFileOf(row.event_type as EventType)
    const delta = literal(JSON.stringify(deltaToJson(text, parsed.payload)))
    await database.superuserSql(`
      insert into log.schemas (fingerprint, schema_id, schema, event_type, aggregate_type)
      values ('\\x${row.fingerprint}', ${parsed.schemaId}, ${literal(text)}, '${row.event_type}', '${row.aggregate_type}')
      on conflict do nothing;
      insert into log.events (occurred_at, event_id, user_id, sequence, aggregate_id, version, schema_no, event_type,
        source, actor_kind, actor_id, correlation_id, causation_id, delta, traceparent)
      select o.occurred_at, o.event_id, o.user_id, o.sequence, o.aggregate_id, o.version, s.no, o.event_type,
        o.source, o.actor_kind, o.actor_id, o.correlation_id, o.causation_id, ${delta}, o.traceparent
        from write.outbox o, log.schemas s
       where o.id = ${row.id} and s.fingerprint = o.schema_fingerprint
      on conflict do nothing;`)
  }
  await database.superuserSql(`
    insert into log.user_days (user_id, day, first_sequence, last_sequence, first_at, last_at)
    select user_id, occurred_at::date, min(sequence), max(sequence), min(occurred_at), max(occurred_at)
      from log.events where user_id = '${userId}' group by 1, 2
    on conflict (user_id, day) do update
      set last_sequence = excluded.last_sequence, last_at = excluded.last_at;
    insert into log.aggregates (aggregate_id, user_id, aggregate_type, version, first_sequence, last_sequence,
      first_at, last_at)
    select e.aggregate_id, e.user_id, min(s.aggregate_type), max(version), min(sequence), max(sequence),
      min(occurred_at), max(occurred_at)
      from log.events e join log.schemas s on s.no = e.schema_no where e.user_id = '${userId}' group by 1, 2
    on conflict (aggregate_id) do update
      set version = excluded.version, last_sequence = excluded.last_sequence, last_at = excluded.last_at;
    insert into log.user_positions (user_id, seen)
    select '${userId}', max(sequence) from log.events where user_id = '${userId}'
    on conflict (user_id) do update set seen = excluded.seen;`)
}
