import { encodeDelta } from '@synap/contracts'
import { type AggregateId, type EventId, type UserId, uuidv7 } from '@synap/core'
import { currentFingerprint } from '../src/schema-book.ts'
import type { AppendCall } from '../src/sql/append.ts'

/** A call that creates one entity with `events` events; parts are overridden by the test. */
export function appendCall(userId: UserId, events = 1, parts: Partial<AppendCall> = {}): AppendCall {
  const id = uuidv7() as AggregateId
  return {
    userId,
    context: {
      source: 'api',
      correlationId: '0af7651916cd43dd8448eb211c80319c',
      actor: { kind: 'user', id: null },
      traceparent: null,
      tracestate: null,
    },
    aggregates: [{ id, type: 'entity', expected: 0, state: { title: 'a test' }, stateVersion: 1 }],
    events: Array.from({ length: events }, () => ({
      id: uuidv7() as EventId,
      type: 'entity.created',
      aggregateId: id,
      causationId: null,
      delta: encodeDelta('entity.created', { type: 'note', title: 'a test', timeZone: null }),
      fingerprint: currentFingerprint('entity.created'),
    })),
    objects: [],
    tags: [],
    idempotency: null,
    ...parts,
  }
}

export const newUser = () => uuidv7() as UserId
