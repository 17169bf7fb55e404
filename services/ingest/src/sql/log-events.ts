import type { JsonObject } from '@synap/contracts'
import type { AggregateId, EventId, UserId } from '@synap/core'
import { type Client, query } from '@synap/postgres'

/** An event as `log.events_between` publishes it. */
export interface LogEventRow {
  event_id: EventId
  event_type: string
  user_id: UserId
  aggregate_id: AggregateId
  version: number
  sequence: number
  /** Milliseconds since 1970. */
  occurred_at: number
  source: string
  /** 32 hexadecimal characters. */
  correlation_id: string
  causation_id: EventId | null
  actor_kind: string
  actor_id: string | null
  /** The delta as it was decoded with the writer's schema. */
  delta: JsonObject
  /** Envelope fields that the log's build did not know. */
  extra: JsonObject | null
  traceparent: string | null
  tracestate: string | null
  /** 64 hexadecimal characters. */
  fingerprint: string
  /** The writer's schema, and the id it had in the registry. */
  schema: string
  schema_id: number
}

/** Events `from`..`to` of one user that the log holds, in order. */
export function selectLogBetween(
  client: Client,
  userId: UserId,
  from: number,
  to: number,
): Promise<LogEventRow[]> {
  return query(client, {
    name: 'log.events_between',
    text: `
      select event_id, event_type, user_id, aggregate_id, version, sequence, occurred_at, source,
             correlation_id, causation_id, actor_kind, actor_id, delta, extra, traceparent, tracestate,
             fingerprint, schema, schema_id
        from log.events_between($1::uuid, $2::bigint, $3::bigint)
       order by sequence`,
    values: [userId, from, to],
  })
}

/** Events of one aggregate of a user above a version that the log holds, in order. */
export function selectLogOfAggregate(
  client: Client,
  userId: UserId,
  aggregateId: AggregateId,
  { above, limit }: { above: number; limit: number },
): Promise<LogEventRow[]> {
  return query(client, {
    name: 'log.stream_events',
    text: `
      select event_id, event_type, user_id, aggregate_id, version, sequence, occurred_at, source,
             correlation_id, causation_id, actor_kind, actor_id, delta, extra, traceparent, tracestate,
             fingerprint, schema, schema_id
        from log.stream_events($1::uuid, $2::uuid, $3::int, $4::int)
       order by version`,
    values: [userId, aggregateId, above, limit],
  })
}

export interface ParkedRow {
  sequence: number
  aggregate_id: AggregateId | null
  aggregate_type: string | null
  version: number | null
  /** 64 hexadecimal characters. */
  fingerprint: string | null
  value: Buffer | null
}

/** Events `from`..`to` of one user that the log has accounted for and does not hold. */
export function selectParkedBetween(
  client: Client,
  userId: UserId,
  from: number,
  to: number,
): Promise<ParkedRow[]> {
  return query(client, {
    name: 'log.parked_between',
    text: `
      select sequence, aggregate_id, aggregate_type, version, fingerprint, value
        from log.parked_between($1::uuid, $2::bigint, $3::bigint)
       order by sequence`,
    values: [userId, from, to],
  })
}
