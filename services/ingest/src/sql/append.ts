import type { AggregateId, EventId, TagId, UserId } from '@synap/core'
import { type Pool, single } from '@synap/postgres'
import { ingest } from '../database.ts'

/** Who and where from: the same for all events of one call. */
export interface AppendContext {
  source: string
  /** W3C trace id, 32 hexadecimal characters. */
  correlationId: string
  actor: { kind: string; id: string | null }
  traceparent: string | null
  tracestate: string | null
}

export interface AppendAggregate {
  id: AggregateId
  type: string
  /** The version the decision was made on; 0 = it must not exist. */
  expected: number
  /** The fold after the events; null when the aggregate is only read. */
  state: unknown
  stateVersion: number
}

export interface AppendEvent {
  id: EventId
  type: string
  aggregateId: AggregateId
  causationId: EventId | null
  /** Avro bytes of the delta fields, and the SHA-256 of the schema they were written with (64 hex characters). */
  delta: Buffer
  fingerprint: string
}

export interface AppendObject {
  key: string
  aggregateId: AggregateId
  /** 64 hexadecimal characters. */
  sha256: string
  size: number
  contentType: string
  /** The lease that `beginPut` gave. */
  leaseId: string
}

export interface AppendTag {
  id: TagId
  normalized: string
  name: string
  /** True for a tag that has this name from now on. */
  renamed?: true
  /** The tag that this one becomes. */
  merged_into?: TagId
}

export interface AppendIdempotency {
  key: string
  /** SHA-256 of the request, 64 hexadecimal characters. */
  requestHash: string
  /** The attempt that `beginPut` gave; null for a call that puts no content. */
  attempt: number | null
  /** Kept with the numbers of the append, to answer the same request again. */
  result: Readonly<Record<string, unknown>>
}

export interface AppendCall {
  userId: UserId
  context: AppendContext
  aggregates: readonly AppendAggregate[]
  events: readonly AppendEvent[]
  objects: readonly AppendObject[]
  tags: readonly AppendTag[]
  idempotency: AppendIdempotency | null
}

export interface Appended {
  /** The last sequence given out. */
  sequence: number
  /** Milliseconds since 1970. */
  occurred_ms: number
  /** True when the user's last event was more than 24 h ahead of the clock: alarm. */
  clock_jump: boolean
  versions: Readonly<Record<string, number>>
  /** Of the rows in the outbox, in the order of the events; missing when the append was only found to have been done. */
  outbox_ids?: readonly number[]
}

/** Everything but `appended` left nothing behind. */
export type AppendOutcome =
  | ({ outcome: 'appended' } & Appended)
  | { outcome: 'conflict'; aggregate_id: AggregateId; current_version: number }
  | { outcome: 'replay'; result: unknown }
  | { outcome: 'mismatch' }
  | { outcome: 'in_flight'; retry_after_ms: number }
  | { outcome: 'attempt_lost' }
  | { outcome: 'lease_lost' }
  | { outcome: 'tags'; tags: readonly { normalized: string; id: TagId | null; name: string | null }[] }
  | { outcome: 'clock_difference'; difference_ms: number }

/**
 * The transaction that decides, in one round trip. Runs again after a collision (40001, 40P01), never after a broken
 * connection: it may have committed. Rejects with the `SynapError`s of `single`.
 */
export async function append(pool: Pool, call: AppendCall): Promise<AppendOutcome> {
  const { user, context, aggregates, events, objects, tags, idempotency } = rowOf(call)
  const [row] = await single<{ answer: AppendOutcome }>(
    pool,
    ingest,
    {
      text: `
        select write.append(
          $1::uuid, $2::jsonb, $3::jsonb, $4::jsonb, $5::jsonb, $6::jsonb, $7::jsonb
        ) as answer`,
      values: [
        user,
        JSON.stringify(context),
        JSON.stringify(aggregates),
        JSON.stringify(events),
        JSON.stringify(objects),
        JSON.stringify(tags),
        idempotency === null ? null : JSON.stringify(idempotency),
      ],
    },
    { retries: 3 },
  )
  if (row === undefined) throw new TypeError('write.append gave no row')
  return row.answer
}

/** A call that raised an error in a transaction with others: it left nothing behind. */
export interface AppendFailed {
  outcome: 'failed'
}

/** Several appends in one transaction, in no order but that of the calls of one user. Rejects as `append`, for all. */
export async function appendEach(
  pool: Pool,
  calls: readonly AppendCall[],
): Promise<readonly (AppendOutcome | AppendFailed)[]> {
  const [row] = await single<{ answers: (AppendOutcome | AppendFailed)[] }>(pool, ingest, {
    text: 'select write.append_each($1::jsonb) as answers',
    values: [JSON.stringify(calls.map(rowOf))],
  })
  if (row === undefined) throw new TypeError('write.append_each gave no row')
  return row.answers
}

const rowOf = (call: AppendCall) => ({
  user: call.userId,
  context: contextOf(call.context),
  aggregates: call.aggregates.map(aggregateOf),
  events: call.events.map(eventOf),
  objects: call.objects.map(objectOf),
  tags: call.tags,
  idempotency: call.idempotency === null ? null : idempotencyOf(call.idempotency),
})

export const contextOf = ({ source, correlationId, actor, traceparent, tracestate }: AppendContext) => ({
  source,
  correlation_id: correlationId,
  actor_kind: actor.kind,
  actor_id: actor.id,
  traceparent,
  tracestate,
  now_ms: Date.now(),
})

const aggregateOf = ({ id, type, expected, state, stateVersion }: AppendAggregate) => ({
  id,
  type,
  expected,
  ...(state === null ? {} : { state, state_version: stateVersion }),
})

const eventOf = ({ id, type, aggregateId, causationId, delta, fingerprint }: AppendEvent) => ({
  id,
  type,
  aggregate_id: aggregateId,
  causation_id: causationId,
  delta: delta.toString('hex'),
  schema: fingerprint,
})

const objectOf = ({ key, aggregateId, sha256, size, contentType, leaseId }: AppendObject) => ({
  key,
  aggregate_id: aggregateId,
  sha256,
  size,
  content_type: contentType,
  lease_id: leaseId,
})

export const idempotencyOf = ({ key, requestHash, attempt, result }: AppendIdempotency) => ({
  key,
  request_hash: requestHash,
  attempt,
  result,
})
