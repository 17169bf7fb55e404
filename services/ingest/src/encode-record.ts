import {
  type Actor,
  type Envelope,
  encodeEnvelope,
  eventHeaders,
  frame,
  type TraceContext,
} from '@synap/contracts'
import { describeError, SynapError } from '@synap/core'
import type { OutboundMessage } from '@synap/messaging'
import type { SchemaBook } from './schema-book.ts'
import type { OutboxRow } from './sql/outbox.ts'

/** What of an event the record is made of; the delta as bytes of the schema with that fingerprint. */
export type EncodableEvent = Omit<OutboxRow, 'id' | 'aggregate_type' | 'traceparent' | 'tracestate'>

/**
 * The record of an event: the same bytes whenever it is made. Envelope fields as *its* schema declares them, then the
 * delta. Throws `schema.unregistered` (configuration) or `event.unencodable` (data).
 */
export function encodeRecord(
  event: EncodableEvent,
  schemas: SchemaBook,
  trace: TraceContext,
): OutboundMessage {
  const schema = schemas.find(event.fingerprint)
  const envelope = envelopeOf(event)
  try {
    return {
      key: event.user_id,
      value: frame(schema.registry_id, encodeEnvelope(schema.schema, envelope), event.delta),
      headers: eventHeaders({ ...envelope, type: event.event_type }, event.fingerprint, trace),
    }
  } catch (error) {
    throw new SynapError(`an event cannot be encoded: ${describeError(error)}`, {
      code: 'event.unencodable',
      class: 'data',
      cause: error,
      fields: { eventId: event.event_id, type: event.event_type },
    })
  }
}

function envelopeOf(event: EncodableEvent): Envelope {
  return {
    id: event.event_id,
    userId: event.user_id,
    aggregateId: event.aggregate_id,
    version: event.version,
    sequence: event.sequence,
    occurredAt: event.occurred_at,
    source: event.source as Envelope['source'],
    correlationId: event.correlation_id,
    causationId: event.causation_id,
    actor: { kind: event.actor_kind as Actor['kind'], id: event.actor_id },
  }
}

/** The row's own context, for a record that is made outside a span. */
export function traceOfRow(row: Pick<OutboxRow, 'traceparent' | 'tracestate'>): TraceContext {
  if (row.traceparent === null) return {}
  return {
    traceparent: row.traceparent,
    ...(row.tracestate === null ? {} : { tracestate: row.tracestate }),
  }
}
