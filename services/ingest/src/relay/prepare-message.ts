import { attributes, failSpan, startSpan, traceOf } from '@synap/telemetry'
import { encodeRecord, traceOfRow } from '../encode-record.ts'
import type { SchemaBook } from '../schema-book.ts'
import type { OutboxRow } from '../sql/outbox.ts'
import type { PreparedMessage } from './publish-rows.ts'

/**
 * The record of a row with its span `send <topic>`, child of the request that made the event. The span's own context
 * travels in the headers, so consumers continue from it; it ends when the broker has answered.
 */
export function prepareMessage(row: OutboxRow, topic: string, schemas: SchemaBook): PreparedMessage {
  const stored = traceOfRow(row)
  const span = startSpan(`send ${topic}`, {
    kind: 'producer',
    parent:
      stored.traceparent === undefined ? null : { traceparent: stored.traceparent, ...withState(stored) },
    attributes: {
      [attributes.messagingSystem]: 'kafka',
      [attributes.messagingDestination]: topic,
      [attributes.messagingOperation]: 'send',
      [attributes.messagingOperationType]: 'send',
      [attributes.messagingMessageId]: row.event_id,
      [attributes.eventId]: row.event_id,
      [attributes.eventType]: row.event_type,
      [attributes.sequence]: row.sequence,
      [attributes.version]: row.version,
    },
  })
  try {
    return {
      message: encodeRecord(row, { schema: schemas.find(row.fingerprint), trace: traceOf(span) ?? stored }),
      end: (error) => {
        if (error !== undefined) failSpan(span, error)
        span.end()
      },
    }
  } catch (error) {
    failSpan(span, error)
    span.end()
    throw error
  }
}

const withState = ({ tracestate }: { tracestate?: string | undefined }) =>
  tracestate === undefined ? {} : { tracestate }
