import {
  avscOf,
  createDecoder,
  encodeDelta,
  encodeEnvelope,
  fingerprintOf,
  type SynapEvent,
} from '@synap/contracts'
import { execute, type Pool, query, toTimestamptz, transaction } from '@synap/postgres'

/** Puts events into the log as the events-writer does, and says how far the log is for their users. */
export async function fillLog(pool: Pool, events: readonly SynapEvent[]): Promise<void> {
  await transaction(pool, { role: 'synap_events_writer' }, async (client) => {
    const numbers = new Map<string, number>()
    for (const type of new Set(events.map((event) => event.type))) {
      const text = avscOf(type)
      const aggregateType = events.find((event) => event.type === type)?.aggregateType
      const [row] = await query<{ no: number }>(client, {
        text: `
          insert into log.schemas (fingerprint, schema_id, schema, event_type, aggregate_type)
          values ($1::bytea, 1, $2::text, $3::text, $4::text)
          on conflict (fingerprint) do update set schema = excluded.schema returning no`,
        values: [fingerprintOf(text), text, type, aggregateType],
      })
      numbers.set(type, row?.no ?? 0)
    }
    await execute(client, {
      text: `
        insert into log.events (occurred_at, event_id, user_id, sequence, aggregate_id, version, schema_no, event_type,
          source, actor_kind, actor_id, correlation_id, causation_id, delta)
        select occurred_at, event_id, user_id, sequence, aggregate_id, version, schema_no, event_type, source,
          actor_kind, actor_id, correlation_id, causation_id, delta::jsonb
        from unnest($1::timestamptz[], $2::uuid[], $3::uuid[], $4::bigint[], $5::uuid[], $6::int[], $7::int[], $8::text[],
          $9::text[], $10::text[], $11::uuid[], $12::uuid[], $13::uuid[], $14::text[]) as e (occurred_at, event_id,
          user_id, sequence, aggregate_id, version, schema_no, event_type, source, actor_kind, actor_id, correlation_id,
          causation_id, delta)`,
      values: [
        events.map((event) => toTimestamptz(event.occurredAt)),
        events.map((event) => event.id),
        events.map((event) => event.userId),
        events.map((event) => event.sequence),
        events.map((event) => event.aggregateId),
        events.map((event) => event.version),
        events.map((event) => numbers.get(event.type)),
        events.map((event) => event.type),
        events.map((event) => event.source),
        events.map((event) => event.actor.kind),
        events.map((event) => event.actor.id),
        events.map((event) => event.correlationId),
        events.map((event) => event.causationId),
        events.map(deltaText),
      ],
    })
    await noteSides(client, [...new Set(events.map((event) => event.userId))])
  })
}

/** Their side tables, as the events that are there say. */
async function noteSides(client: Parameters<typeof execute>[0], users: readonly string[]): Promise<void> {
  const mine = 'user_id = any ($1::uuid[])'
  const values = [users]
  for (const table of ['user_days', 'daily_counts', 'user_positions'])
    await execute(client, { text: `delete from log.${table} where ${mine}`, values })
  const day = `(occurred_at at time zone 'UTC')::date`
  await execute(client, {
    text: `
      insert into log.user_days (user_id, day, first_sequence, last_sequence, first_at, last_at)
      select user_id, ${day}, min(sequence), max(sequence), min(occurred_at), max(occurred_at)
      from log.events where ${mine} group by 1, 2`,
    values,
  })
  await execute(client, {
    text: `
      insert into log.daily_counts (user_id, day, event_type, events)
      select user_id, ${day}, event_type, count(*) from log.events where ${mine} group by 1, 2, 3`,
    values,
  })
  await execute(client, {
    text: `
      insert into log.user_positions (user_id, seen)
      select user_id, max(sequence) from log.events where ${mine} group by 1`,
    values,
  })
}

function deltaText(event: SynapEvent): string {
  // No read model keeps what analyses say, so their random deltas are empty.
  if (event.aggregateType === 'analysis') return JSON.stringify(event.delta)
  const text = avscOf(event.type)
  const { delta, type, aggregateType: _, ...envelope } = event
  const payload = Buffer.concat([encodeEnvelope(text, envelope), encodeDelta(type, delta as never)])
  const decoded = createDecoder(text)(payload)
  if (!decoded.ok) throw new Error(`not an event of today: ${decoded.detail}`)
  return JSON.stringify(decoded.event.delta)
}
