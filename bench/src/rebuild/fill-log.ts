import { aggregateTypeOf, avscOf, eventTypes, fingerprintOf } from '@synap/contracts'
import pg from 'pg'
import { type MixedEvent, makeEventMix } from '../stream/event-mix.ts'
import { schemaIdOf } from '../stream/events-topic.ts'
import { asOwner, byColumn, chunkRows, insertRows, rowOfEvent } from '../writer/rows.ts'

/** Events that are made at once: what is in memory. */
const batchEvents = 50_000

/** Fills the log with so many events of so many users, and its side tables as the events-writer keeps them. */
export async function fillLog(
  url: string,
  { events, users }: { events: number; users: number },
  say: (text: string) => void,
): Promise<void> {
  const client = new pg.Client({ connectionString: url, options: asOwner })
  await client.connect()
  try {
    await insertSchemas(client)
    for (let done = 0; done < events; done += batchEvents) {
      say(`filling the log (${done} of ${events} events)`)
      const count = Math.min(batchEvents, events - done)
      await insertEvents(client, await makeEventMix(count, Math.max(1, Math.round((users * count) / events))))
    }
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
