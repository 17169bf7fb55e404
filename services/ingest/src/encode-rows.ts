import { deltaFromJson, type KnownRead, parseFrame, readKnownEvent, type SynapEvent } from '@synap/contracts'
import { SynapError } from '@synap/core'
import type { OutboundMessage } from '@synap/messaging'
import { type EncodableEvent, encodeRecord, traceOfRow } from './encode-record.ts'
import type { SchemaBook } from './schema-book.ts'
import type { LogEventRow } from './sql/log-events.ts'
import type { OutboxRow } from './sql/outbox.ts'

/** The record of an event in the outbox, outside the relay: the same bytes, with the trace of its request. */
export function recordOfOutboxRow(row: OutboxRow, schemas: SchemaBook): OutboundMessage {
  const schema = schemas.find(row.fingerprint)
  return encodeRecord(row, { schema, trace: traceOfRow(row) })
}

/**
 * From the decoded delta back to its bytes, under the schema it was written with. Its id is today's, when the registry
 * was set up anew since.
 */
export function recordOfLogRow(row: LogEventRow, schemas: SchemaBook): OutboundMessage {
  const schema = schemaOfLogRow(row, schemas)
  const event: EncodableEvent = { ...row, delta: deltaFromJson(schema.schema, row.delta) }
  return encodeRecord(event, { schema, trace: traceOfRow(row), extra: row.extra ?? undefined })
}

/** An event of the outbox as the domain reads it. Throws `event.unreadable` (configuration): newer code is needed. */
export function eventOfOutboxRow(row: OutboxRow, schemas: SchemaBook): SynapEvent {
  return eventOf(recordOfOutboxRow(row, schemas), schemas.find(row.fingerprint).schema)
}

/** As `eventOfOutboxRow`, of the log. */
export function eventOfLogRow(row: LogEventRow, schemas: SchemaBook): SynapEvent {
  return eventOf(recordOfLogRow(row, schemas), schemaOfLogRow(row, schemas).schema)
}

function schemaOfLogRow(row: LogEventRow, schemas: SchemaBook) {
  return schemas.has(row.fingerprint)
    ? schemas.find(row.fingerprint)
    : { schema: row.schema, registry_id: row.schema_id }
}

function eventOf({ value }: OutboundMessage, schema: string): SynapEvent {
  const read = readRecord(value, schema)
  if (read.ok) return read.event
  throw new SynapError(`a stored event cannot be read: ${read.reason}`, {
    code: 'event.unreadable',
    class: 'configuration',
    fields: { reason: read.reason },
  })
}

/** Reads a framed record with the schema it was written with. Never throws for a usable schema. */
export function readRecord(value: Buffer | null, schema: string): KnownRead {
  const parsed = parseFrame(value)
  if (parsed.refused !== undefined) return { ok: false, reason: 'undecodable', detail: parsed.refused }
  return readKnownEvent(schema, parsed.payload)
}
