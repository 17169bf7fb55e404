import { type Item, template } from './template.ts'

const { state, stateVersion, delta, fingerprint, eventType, aggregateType } = template
const { source, correlationId, actorKind, traceparent } = template
const stateText = JSON.stringify(state)

/** The state of an aggregate: what `write.streams` has of it. */
export const insertItem = ({ userId, aggregateId }: Item) => ({
  name: 'insert_item',
  text: `insert into bench.items (user_id, aggregate_id, aggregate_type, version, sequence, state, state_version)
         values ($1, $2, $3, $4, $5, $6, $7)`,
  values: [userId, aggregateId, aggregateType, 1, 1, stateText, stateVersion],
})

/** Its event: what the outbox has of it. */
export const insertEvent = ({ userId, aggregateId, eventId }: Item) => ({
  name: 'insert_event',
  text: `insert into bench.outbox (event_id, event_type, user_id, aggregate_id, aggregate_type, version, sequence,
           occurred_at, source, correlation_id, actor_kind, delta, schema_fingerprint, traceparent)
         values ($1, $2, $3, $4, $5, $6, $7, now(), $8, $9, $10, $11, $12, $13)`,
  values: [
    eventId,
    eventType,
    userId,
    aggregateId,
    aggregateType,
    1,
    1,
    source,
    correlationId,
    actorKind,
    delta,
    fingerprint,
    traceparent,
  ],
})
