import {
  actorKinds,
  deltaFromJson,
  type Envelope,
  encodeEnvelope,
  eventSources,
  fitDeltaOf,
  readKnownEvent,
  type SynapEvent,
} from '@synap/contracts'
import type { FoldedEvent } from './logged-event.ts'

/** What of a logged event its schema does not say. */
type Written = Omit<FoldedEvent, 'type'>

/**
 * A logged event as today's code knows it: fields that came later have their defaults. Undefined for a type, or a word
 * of a vocabulary, that this build does not know. `schema` is the one it was written with.
 */
export function toKnownEvent(event: Written, schema: string): SynapEvent | undefined {
  return fromJson(event, schema) ?? fromBytes(event, schema)
}

/** Undefined where only the bytes tell. */
function fromJson(event: Written, schema: string): SynapEvent | undefined {
  const fitted = areWordsKnown(event) ? fitDeltaOf(schema)(event.delta) : undefined
  return fitted === undefined ? undefined : ({ ...envelopeOf(event), ...fitted } as SynapEvent)
}

function fromBytes(event: Written, schema: string): SynapEvent | undefined {
  const payload = Buffer.concat([
    encodeEnvelope(schema, envelopeOf(event), event.extra ?? undefined),
    deltaFromJson(schema, event.delta),
  ])
  const read = readKnownEvent(schema, payload)
  return read.ok ? read.event : undefined
}

const sources: ReadonlySet<string> = new Set(eventSources)
const kinds: ReadonlySet<string> = new Set(actorKinds)

/** Those of the envelope; all else in it has a type of the database that bounds it. */
function areWordsKnown({ source, actor }: Written): boolean {
  return sources.has(source) && kinds.has(actor.kind)
}

function envelopeOf(event: Written): Envelope {
  return {
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
}
