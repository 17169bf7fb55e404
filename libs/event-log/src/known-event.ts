import {
  deltaFromJson,
  type Envelope,
  encodeEnvelope,
  readKnownEvent,
  type SynapEvent,
} from '@synap/contracts'
import type { LoggedEvent } from './logged-event.ts'

/**
 * A logged event as today's code knows it: fields that came later have their defaults. Undefined for a type, or a word
 * of a vocabulary, that this build does not know. `schema` is the one it was written with.
 */
export function toKnownEvent(event: LoggedEvent, schema: string): SynapEvent | undefined {
  const envelope: Envelope = {
    id: event.id,
    userId: event.userId,
    aggregateId: event.aggregateId,
    version: event.version,
    sequence: event.sequence,
    occurredAt: event.occurredAt,
    source: event.source as Envelope['source'],
    correlationId: event.correlationId,
    causationId: event.causationId,
    actor: event.actor as Envelope['actor'],
  }
  const payload = Buffer.concat([
    encodeEnvelope(schema, envelope, event.extra ?? undefined),
    deltaFromJson(schema, event.delta),
  ])
  const read = readKnownEvent(schema, payload)
  return read.ok ? read.event : undefined
}
