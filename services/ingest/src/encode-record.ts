import {
  type Actor,
  type Envelope,
  encodeEnvelope,
  eventHeaders,
  frame,
  type JsonObject,
  type TraceContext,
} from '@synap/contracts'
import { describeError, SynapError } from '@synap/core'
import type { OutboundMessage } from '@synap/messaging'
import type { OutboxRow } from './sql/outbox.ts'
import type { SchemaRow } from './sql/schemas.ts'

/** What of an event the record is made of; the delta as bytes of the schema with that fingerprint. */
export type EncodableEvent = Omit<OutboxRow, 'id' | 'aggregate_type' | 'traceparent' | 'tracestate'>

export interface EncodeWith {
  /** The schema that the delta was written with, and its id in the registry. */
  schema: Pick<SchemaRow, 'schema' | 'registry_id'>
  trace: TraceContext
  /** Envelope fields that this build does not know. */
  extra?: JsonObject | undefined
}

/**
 * The record of an event: the same bytes whenever it is made. Envelope fields as *its* schema declares them, then the
 * delta. Throws `event.unencodable` (data).
 */
export function encodeRecord(event: EncodableEvent, { schema, trace, extra }: EncodeWith): OutboundMessage {
  const envelope = envelopeOf(event)
  try {
    return {
      key: event.user_id,
      value: frame(schema.registry_id, encodeEnvelope(schema.schema, envelope, extra), event.delta),
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
