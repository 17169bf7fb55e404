import {
  avscOf,
  type DeltaOf,
  type Envelope,
  type EventType,
  encodeDelta,
  encodeEnvelope,
  eventHeaders,
  fingerprintOf,
  frame,
} from '@synap/contracts'
import { type AggregateId, type EventId, type UserId, uuidv7 } from '@synap/core'
import type { InboundMessage } from '@synap/messaging'
import type { FetchedEvent } from '../src/types.ts'

/** An event as ingest's relay would publish it. */
export interface MadeEvent {
  type: EventType
  envelope: Envelope
  key: string
  value: Buffer
  headers: Record<string, string>
}

/** Everything that happened to one user, in the right numbers. For tests of consumers. */
export interface History {
  userId: UserId
  events: readonly MadeEvent[]
  /** A new entity of type note. */
  create(title?: string): { aggregateId: AggregateId; event: MadeEvent }
  /** Any next event of an aggregate. */
  append<T extends EventType>(type: T, aggregateId: AggregateId, delta: DeltaOf<T>): MadeEvent
  /** Ingest's answer for a range; sequences in `absent` are lost. */
  fetch(from: number, to: number, absent?: ReadonlySet<number>): FetchedEvent[]
}

export interface HistoryOptions {
  /** The id that a type's schema has in the registry. */
  schemaIdOf(type: EventType): number
  /** Time of the first event, milliseconds since 1970; one second passes between two. */
  startAt?: number
}

export function createHistory(options: HistoryOptions): History {
  const userId = uuidv7() as UserId
  const startAt = options.startAt ?? Date.UTC(2026, 10, 20, 12)
  const events: MadeEvent[] = []
  const versions = new Map<string, number>()

  const append: History['append'] = (type, aggregateId, delta) => {
    const version = (versions.get(aggregateId) ?? 0) + 1
    versions.set(aggregateId, version)
    const envelope: Envelope = {
      id: uuidv7() as EventId,
      userId,
      aggregateId,
      version,
      sequence: events.length + 1,
      occurredAt: startAt + events.length * 1_000,
      source: 'api',
      correlationId: uuidv7().replaceAll('-', ''),
      causationId: null,
      actor: { kind: 'user', id: null },
    }
    const event = makeEvent(type, envelope, encodeDelta(type, delta), options.schemaIdOf(type))
    events.push(event)
    return event
  }
  return {
    userId,
    events,
    append,
    create: (title) => {
      const aggregateId = uuidv7() as AggregateId
      return {
        aggregateId,
        event: append('entity.created', aggregateId, { type: 'note', title: title ?? null, timeZone: null }),
      }
    },
    fetch: (from, to, absent = new Set()) =>
      Array.from({ length: to - from + 1 }, (_, index): FetchedEvent => {
        const sequence = from + index
        const event = events[sequence - 1]
        if (event === undefined || absent.has(sequence)) return { sequence, status: 'absent' }
        return { sequence, status: 'present', key: event.key, value: event.value, headers: event.headers }
      }),
  }
}

/** The record of an event under today's schema of its type. */
export function makeEvent(type: EventType, envelope: Envelope, delta: Buffer, schemaId: number): MadeEvent {
  const schema = avscOf(type)
  const traceparent = `00-${envelope.correlationId}-${envelope.correlationId.slice(16)}-01`
  return {
    type,
    envelope,
    key: envelope.userId,
    value: frame(schemaId, encodeEnvelope(schema, envelope), delta),
    headers: eventHeaders({ ...envelope, type }, fingerprintOf(schema), { traceparent }),
  }
}

/** Records on one partition from `firstOffset` on. */
export function toMessages(
  events: readonly Pick<InboundMessage, 'key' | 'value' | 'headers'>[],
  place: { topic?: string; partition?: number; firstOffset?: number } = {},
): InboundMessage[] {
  return events.map(({ key, value, headers }, index) => ({
    topic: place.topic ?? 'synap.events.v1',
    partition: place.partition ?? 0,
    offset: BigInt((place.firstOffset ?? 0) + index),
    key,
    value,
    headers,
    timestamp: Date.UTC(2026, 10, 20, 12),
  }))
}
