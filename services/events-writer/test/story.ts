import { type DeltaOf, type Envelope, type EventType, encodeDelta } from '@synap/contracts'
import { type AggregateId, type EventId, type UserId, uuidv7 } from '@synap/core'
import { type MadeEvent, makeEvent } from '@synap/inbox/testing'
import { schemaIdOf } from './store.ts'

export interface StoryEvent extends MadeEvent {
  envelope: Envelope
}

export interface Telling {
  /** Milliseconds since 1970. */
  at: number
  correlationId?: string
  causationId?: EventId | null
}

/** What happened to one user, told with times, traces and causes. */
export interface Story {
  userId: UserId
  events: readonly StoryEvent[]
  tell<T extends EventType>(type: T, aggregateId: AggregateId, delta: DeltaOf<T>, how: Telling): StoryEvent
}

export const newId = () => uuidv7() as AggregateId
export const newTrace = () => uuidv7().replaceAll('-', '')

export function createStory(): Story {
  const userId = uuidv7() as UserId
  const events: StoryEvent[] = []
  const versions = new Map<string, number>()
  return {
    userId,
    events,
    tell(type, aggregateId, delta, { at, correlationId = newTrace(), causationId = null }) {
      const version = (versions.get(aggregateId) ?? 0) + 1
      versions.set(aggregateId, version)
      const envelope: Envelope = {
        id: uuidv7() as EventId,
        userId,
        aggregateId,
        version,
        sequence: events.length + 1,
        occurredAt: at,
        source: 'api',
        correlationId,
        causationId,
        actor: { kind: 'user', id: null },
      }
      const event = makeEvent(type, envelope, encodeDelta(type, delta), schemaIdOf(type))
      events.push(event)
      return event
    },
  }
}
