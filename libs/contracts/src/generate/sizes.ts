import { gzipSync } from 'node:zlib'
import { type AggregateId, type EventId, type UserId, uuidv5 } from '@synap/core'
import { schemaFileOf } from '../avsc.ts'
import { catalogue, type EventType, eventTypes } from '../catalogue.ts'
import { encodeDelta, encodeEnvelope } from '../codec/encode.ts'
import { frame } from '../codec/frame.ts'
import type { EventDefinition } from '../event/define-event.ts'
import type { Envelope } from '../event/envelope.ts'
import { eventHeaders } from '../headers.ts'
import { sampleDeltas } from './sample-deltas.ts'

export interface EventSize {
  readonly type: EventType
  readonly text: EventDefinition['text']
  /** Bytes of the framed record; no actor id, no cause. */
  readonly framed: number
  /** Bytes of its headers, names included. */
  readonly headers: number
}

/** Bounds of the design, in bytes of the framed record. */
export const sizeBounds = { none: 92, short: 120, more: Number.POSITIVE_INFINITY } as const

const namespace = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'
const traceId = (name: string) => uuidv5(namespace, `trace ${name}`).replaceAll('-', '')

/** An envelope as most are: a person's change over the API, version below 64, sequence in the thousands. */
function usualEnvelope(name: string, sequence: number): Envelope {
  return {
    id: uuidv5(namespace, `event ${name}`) as EventId,
    userId: uuidv5(namespace, 'user') as UserId,
    aggregateId: uuidv5(namespace, `aggregate ${name}`) as AggregateId,
    version: 4,
    sequence,
    occurredAt: 1_795_226_361_801 + sequence,
    source: 'api',
    correlationId: traceId(name),
    causationId: null,
    actor: { kind: 'user', id: null },
  }
}

function messageOf(type: EventType, name: string, sequence: number) {
  const { text, fingerprint } = schemaFileOf(type)
  const envelope = usualEnvelope(name, sequence)
  const traceparent = `00-${traceId(name)}-${traceId(name).slice(0, 16)}-01`
  return {
    value: frame(17, encodeEnvelope(text, envelope), encodeDelta(type, sampleDeltas[type])),
    headers: eventHeaders({ ...envelope, type }, fingerprint, { traceparent }),
  }
}

/** The size of a usual event of each type. */
export function eventSizes(): readonly EventSize[] {
  return eventTypes.map((type) => {
    const { value, headers } = messageOf(type, type, 4_321)
    return { type, text: catalogue[type].text, framed: value.length, headers: headerBytes(headers) }
  })
}

/**
 * Bytes per message, headers included, of a batch of 500 captures of notes, plain and after gzip: what the topic really
 * keeps, for headers repeat themselves and ids do not.
 */
export function batchSizes(): { readonly plain: number; readonly compressed: number } {
  const messages = Array.from({ length: 500 }, (_, index) =>
    messageOf('entity.created', `note ${index}`, 1_000 + index),
  )
  const bytes = messages.map(({ value, headers }) =>
    Buffer.concat([value, Buffer.from(JSON.stringify(headers))]),
  )
  const plain = messages.reduce((sum, { value, headers }) => sum + value.length + headerBytes(headers), 0)
  return {
    plain: Math.round(plain / messages.length),
    compressed: Math.round(gzipSync(Buffer.concat(bytes)).length / messages.length),
  }
}

function headerBytes(headers: Readonly<Record<string, string>>): number {
  // Kafka writes each header's name and value with a varint length; below 64 bytes that is one byte, else two.
  return Object.entries(headers).reduce(
    (sum, [name, value]) => sum + name.length + Buffer.byteLength(value) + 1 + (value.length < 64 ? 1 : 2),
    0,
  )
}
