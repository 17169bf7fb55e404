import type { AggregateId, EventId, UserId } from '@synap/core'
import { actorKinds, eventSources } from '../vocabularies.ts'
import { int, long, nullable, record, timestamp, traceId, uuid, type ValuesOf, vocabulary } from './field.ts'

const maxInt = 2_147_483_647

const actor = record('Actor', 'Who did it.', {
  kind: vocabulary('user, ai, service or system.', actorKinds),
  id: nullable(uuid<string>('The person, key or program, where one is known.')),
})

/** The fields that every event record begins with, in this order. No delta field may have one of these names. */
export const envelopeFields = {
  id: uuid<EventId>('UUIDv7 of the event, the same on every redelivery.'),
  userId: uuid<UserId>('The user whose data this is; also the key of the record.'),
  aggregateId: uuid<AggregateId>('What the event is about; its kind follows from the event type.'),
  version: int('1..n in the aggregate, without gaps.', { min: 1, max: maxInt }),
  sequence: long('1..n among all events of the user, without gaps.', { min: 1 }),
  occurredAt: timestamp('When it was committed; never decreases for one user.'),
  source: vocabulary('api, automation, sync, migration or system.', eventSources),
  correlationId: traceId('Trace id of the request that began it.'),
  causationId: nullable(uuid<EventId>('The event of the same user that caused this one.')),
  actor,
}

/**
 * What every event says besides its delta. `occurredAt` is milliseconds since 1970, `correlationId` 32 hexadecimal
 * characters (a W3C trace id).
 */
export type Envelope = ValuesOf<typeof envelopeFields>
export type Actor = Envelope['actor']
export type EnvelopeField = keyof Envelope

export const envelopeFieldNames = Object.keys(envelopeFields) as readonly EnvelopeField[]
