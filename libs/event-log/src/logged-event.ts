import type { JsonObject } from '@synap/contracts'
import type { AggregateId, EventId, UserId } from '@synap/core'

/**
 * An event as the log keeps it: decoded with the schema it was written with, so also one of a type, or with a word of a
 * vocabulary, that this build does not know.
 */
export interface LoggedEvent {
  id: EventId
  type: string
  userId: UserId
  aggregateId: AggregateId
  aggregateType: string
  version: number
  sequence: number
  /** Milliseconds since 1970. */
  occurredAt: number
  source: string
  /** 32 hexadecimal characters, a W3C trace id. */
  correlationId: string
  causationId: EventId | null
  actor: { kind: string; id: string | null }
  delta: JsonObject
  /** Envelope fields that the events-writer did not know. */
  extra: JsonObject | null
  /** Number of its schema in `log.schemas`. */
  schemaNo: number
}

/** What a fold needs of an event: all but the type of the aggregate. */
export type FoldedEvent = Omit<LoggedEvent, 'aggregateType'>

/** A row of `log.event_rows`. */
export interface EventRow {
  event_id: EventId
  sequence: number
  event_type: string
  aggregate_type: string
  aggregate_id: AggregateId
  version: number
  user_id: UserId
  occurred_at: number
  source: string
  correlation_id: string
  causation_id: EventId | null
  actor_kind: string
  actor_id: string | null
  delta: JsonObject
  extra: JsonObject | null
  schema_no: number
}

export function toLoggedEvent(row: EventRow): LoggedEvent {
  return { ...toFoldedEvent(row), aggregateType: row.aggregate_type }
}

/** Of a row whose `correlation_id` is 32 hexadecimal characters, or a UUID as Postgres writes it. */
export function toFoldedEvent(row: Omit<EventRow, 'aggregate_type'>): FoldedEvent {
  return {
    id: row.event_id,
    type: row.event_type,
    userId: row.user_id,
    aggregateId: row.aggregate_id,
    version: row.version,
    sequence: row.sequence,
    occurredAt: row.occurred_at,
    source: row.source,
    correlationId: row.correlation_id.replaceAll('-', ''),
    causationId: row.causation_id,
    actor: { kind: row.actor_kind, id: row.actor_id },
    delta: row.delta,
    extra: row.extra,
    schemaNo: row.schema_no,
  }
}
