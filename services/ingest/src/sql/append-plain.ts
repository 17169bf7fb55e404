import { type Pool, single } from '@synap/postgres'
import { ingest } from '../database.ts'
import { type AppendCall, type AppendOutcome, contextOf, idempotencyOf } from './append.ts'

/** True for a call that writes one event of one aggregate and nothing beside it, as most do. */
export function isPlain({ aggregates, events, objects, tags }: AppendCall): boolean {
  const [aggregate] = aggregates
  return (
    events.length === 1 &&
    aggregates.length === 1 &&
    objects.length === 0 &&
    tags.length === 0 &&
    aggregate !== undefined &&
    aggregate.state !== null &&
    events[0]?.aggregateId === aggregate.id
  )
}

/**
 * Plain calls in one transaction, by few statements for all of them. Rejects as `append`, for all, also when one of them
 * cannot be done; then none was. No two may have an aggregate or an idempotency key in common.
 */
export async function appendPlain(
  pool: Pool,
  calls: readonly AppendCall[],
): Promise<readonly AppendOutcome[]> {
  const users = new Set(calls.map(({ userId }) => userId))
  const [row] = await single<{ answers: AppendOutcome[] }>(pool, ingest, {
    text: 'select write.append_plain($1::uuid[], $2::json, $3::jsonb) as answers',
    values: [
      `{${[...users].join()}}`,
      JSON.stringify(calls.map(rowOf)),
      JSON.stringify(calls.flatMap(claimOf)),
    ],
  })
  if (row === undefined) throw new TypeError('write.append_plain gave no row')
  return row.answers
}

function rowOf(call: AppendCall): object {
  const [aggregate] = call.aggregates
  const [event] = call.events
  if (aggregate === undefined || event === undefined) throw new TypeError('not a plain call')
  return {
    ...contextOf(call.context),
    user_id: call.userId,
    aggregate_id: aggregate.id,
    aggregate_type: aggregate.type,
    expected: aggregate.expected,
    state: aggregate.state,
    state_version: aggregate.stateVersion,
    event_id: event.id,
    event_type: event.type,
    causation_id: event.causationId,
    delta: event.delta.toString('hex'),
    schema: event.fingerprint,
  }
}

const claimOf = ({ userId, idempotency }: AppendCall, index: number): object[] =>
  idempotency === null ? [] : [{ place: index + 1, user_id: userId, claim: idempotencyOf(idempotency) }]
