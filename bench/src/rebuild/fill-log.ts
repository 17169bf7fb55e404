import { aggregateTypeOf, avscOf, eventTypes, fingerprintOf } from '@synap/contracts'
import pg from 'pg'
import { type MixedEvent, makeEventMix } from '../stream/event-mix.ts'
import { schemaIdOf } from '../stream/events-topic.ts'
import { asOwner, byColumn, chunkRows, columnNames, insertRows, rowOfEvent } from '../writer/rows.ts'

/** Events that the domain decides on; all others are copies of them under other ids, by the server. */
const madeEvents = 50_000

/** Fills the log with so many events of so many users, and its side tables as the events-writer keeps them. */
export async function fillLog(
  url: string,
  { events, users }: { events: number; users: number },
  say: (text: string) => void,
): Promise<void> {
  const made = Math.min(madeEvents, events)
  const madeUsers = Math.max(1, Math.round((users * made) / events))
  const client = new pg.Client({ connectionString: url, options: asOwner })
  await client.connect()
  try {
    await insertSchemas(client)
    say(`filling the log with ${events} events`)
    await insertEvents(client, await makeEventMix(made, madeUsers))
    await client.query('create temporary table made_events as select * from log.events')
    for (let copy = 1; copy * made < events; copy += 1)
      await client.query({ ...copyEvents, values: [copy, Math.min(made, events - copy * made)] })
    for (const text of sideTables) await client.query(text)
  } finally {
    await client.end()
  }
}

export async function insertEvents(client: pg.Client, events: readonly MixedEvent[]): Promise<void> {
  const rows = events.map(({ type, envelope, delta }) =>
    rowOfEvent({ ...envelope, type, delta }, schemaIdOf(type), null),
  )
  for (let at = 0; at < rows.length; at += chunkRows)
    await client.query({ ...insertRows, values: byColumn(rows.slice(at, at + chunkRows)) })
}

/** Eight hexadecimal digits of every id, also of those in texts and keys, say which copy it is. */
const hex = `lpad(to_hex($1::int), 8, '0')`
const copied = (text: string) =>
  `regexp_replace(${text}, '([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-)[0-9a-f]{8}([0-9a-f]{4})', '\\1' || ${hex} || '\\2', 'g')`
const copiedId = (column: string) => `overlay(${column}::text placing ${hex} from 25)::uuid`

/** The first `$2` events that were made, once more, later than all before and under the ids of copy `$1`. */
const copyEvents = {
  name: 'copy_events',
  text: `
    insert into log.events (${columnNames})
    select occurred_at + $1::int * m.span, ${copiedId('event_id')}, ${copiedId('user_id')}, sequence,
      ${copiedId('aggregate_id')}, version, schema_no, event_type, source, actor_kind, actor_id,
      ${copiedId('correlation_id')}, ${copiedId('causation_id')}, ${copied('delta::text')}::jsonb, traceparent
    from (select max(occurred_at) - min(occurred_at) + interval '7 milliseconds' as span from made_events) as m
    cross join (select * from made_events order by occurred_at, user_id, sequence limit $2::int) as e`,
}

async function insertSchemas(client: pg.Client): Promise<void> {
  for (const type of eventTypes) {
    const text = avscOf(type)
    await client.query(
      `insert into log.schemas (no, fingerprint, schema_id, schema, event_type, aggregate_type)
       overriding system value values ($1, $2, $1, $3, $4, $5)`,
      [schemaIdOf(type), fingerprintOf(text), text, type, aggregateTypeOf(type)],
    )
  }
}

const day = `(occurred_at at time zone 'UTC')::date`
const span = 'min(sequence), max(sequence), min(occurred_at), max(occurred_at)'

export const sideTables = [
  `insert into log.user_days (user_id, day, first_sequence, last_sequence, first_at, last_at)
   select user_id, ${day}, ${span} from log.events group by 1, 2 on conflict do nothing`,
  `insert into log.daily_counts (user_id, day, event_type, events)
   select user_id, ${day}, event_type, count(*) from log.events group by 1, 2, 3 on conflict do nothing`,
  `insert into log.user_positions (user_id, seen)
   select user_id, max(sequence) from log.events group by 1 on conflict do nothing`,
  `insert into log.aggregates (aggregate_id, user_id, aggregate_type, version, first_sequence, last_sequence, first_at, last_at)
   select aggregate_id, user_id, min(s.aggregate_type), max(version), ${span}
   from log.events e join log.schemas s on s.no = e.schema_no group by 1, 2 on conflict do nothing`,
  'analyze',
]
