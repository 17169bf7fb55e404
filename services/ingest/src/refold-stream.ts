import { type AggregateId, SynapError, type UserId } from '@synap/core'
import { type AggregateState, evolve } from '@synap/domain'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { eventOfLogRow, eventOfOutboxRow } from './encode-rows.ts'
import { createSchemaBook } from './schema-book.ts'
import { selectLogOfAggregate } from './sql/log-events.ts'
import { selectOutboxOfAggregate } from './sql/outbox.ts'

export interface StreamToFold {
  userId: UserId
  aggregateId: AggregateId
  /** The version that the fold must come to. */
  version: number
}

const page = 500

/**
 * The state of an aggregate as today's code folds it: from the log, and from the outbox what the log does not hold yet.
 * Rejects with `state.unfoldable` (dependency) when the two together lack an event: the log is behind, or cannot be
 * asked.
 */
export async function refoldStream(pool: Pool, stream: StreamToFold): Promise<AggregateState> {
  const { userId, aggregateId, version } = stream
  const schemas = await createSchemaBook(pool)
  let state: AggregateState | undefined
  const reached = () => state?.version ?? 0
  for (let rows = page; rows === page && reached() < version; ) {
    const logged = await inTransaction(pool, (client) =>
      selectLogOfAggregate(client, userId, aggregateId, { above: reached(), limit: page }),
    )
    rows = logged.length
    for (const row of logged) state = foldNext(state, eventOfLogRow(row, schemas), stream)
  }
  if (reached() < version) {
    const above = { version: reached(), sequence: state?.sequence ?? 0 }
    const waiting = await inTransaction(pool, (client) =>
      selectOutboxOfAggregate(client, userId, aggregateId, above),
    )
    for (const row of waiting) state = foldNext(state, eventOfOutboxRow(row, schemas), stream)
  }
  if (state === undefined || state.version !== version) throw unfoldable(stream, reached())
  return state
}

/** Stops at the version that is wanted: another append may have added to both since. */
function foldNext(
  state: AggregateState | undefined,
  event: Parameters<typeof evolve>[1],
  stream: StreamToFold,
): AggregateState | undefined {
  if (event.version > stream.version) return state
  if (event.version !== (state?.version ?? 0) + 1) throw unfoldable(stream, state?.version ?? 0)
  return evolve(state, event)
}

function unfoldable({ aggregateId, version }: StreamToFold, reached: number): SynapError {
  return new SynapError('a state of an earlier fold cannot be made again: an event is not to be had now', {
    code: 'state.unfoldable',
    class: 'dependency',
    fields: { aggregateId, version, reached },
  })
}
