import { type AggregateId, type EntityId, type EventId, type UserId, uuidv7 } from '@synap/core'
import { decide, stateVersion } from '@synap/domain'
import type { AppendCall } from '@synap/ingest/append'
import { encodeEvent } from '@synap/ingest/encode-event'

const title = 'Buy oat milk and call the plumber'
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const correlationId = '0af7651916cd43dd8448eb211c80319c'

/** What everybody stores: a captured task, its state and its event, under new ids each time. */
export interface Item {
  userId: UserId
  aggregateId: AggregateId
  eventId: EventId
}

const decided = decide(
  {
    kind: 'capture',
    entityId: uuidv7() as EntityId,
    type: 'task',
    title,
    content: null,
    preview: null,
    tags: [],
    metadata: null,
  },
  {},
  { actor: { kind: 'user', id: null }, newEventId: () => uuidv7() as EventId },
)
if (decided.outcome !== 'accepted') throw new Error('a task can be captured')
const [first] = decided.events
const [written] = decided.aggregates
if (first === undefined || written === undefined) throw new Error('a capture has an event and a state')
const encoded = encodeEvent(first)

/** The same for all items: types, the fold, the bytes of the delta, and where it came from. */
export const template = {
  eventType: first.type,
  aggregateType: written.type,
  state: written.state,
  stateVersion,
  delta: encoded.delta,
  fingerprint: Buffer.from(encoded.fingerprint, 'hex'),
  source: 'api',
  correlationId,
  actorKind: 'user',
  traceparent,
}

const users = 1_000

/** Whose items they are: the n-th of a thousand. */
export const userOf = (n: number): UserId =>
  `00000000-0000-7000-8000-${(n % users).toString(16).padStart(12, '0')}` as UserId

export const allUsers: readonly UserId[] = Array.from({ length: users }, (_, n) => userOf(n))

export const newItem = (turn: number): Item => ({
  userId: userOf(turn * 7),
  aggregateId: uuidv7() as AggregateId,
  eventId: uuidv7() as EventId,
})

/** The call that ingest makes for such an item. */
export const callOf = ({ userId, aggregateId, eventId }: Item): AppendCall => ({
  userId,
  context: {
    source: template.source,
    correlationId,
    actor: { kind: template.actorKind, id: null },
    traceparent,
    tracestate: null,
  },
  aggregates: [
    { id: aggregateId, type: template.aggregateType, expected: 0, state: template.state, stateVersion },
  ],
  events: [{ ...encoded, id: eventId, aggregateId }],
  objects: [],
  tags: [],
  idempotency: null,
})
