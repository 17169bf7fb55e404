import type { AggregateId, UserId } from '@synap/core'
import { type AggregateState, stateVersion } from '@synap/domain'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { refoldStream } from './refold-stream.ts'
import { findStreams } from './sql/find-streams.ts'

/**
 * The states of these aggregates of a user, without a lock; one that is not there, or another user's, is missing from
 * the map. A state that another version of the fold has made is folded anew; the append that follows stores it.
 * Rejects with `state.unfoldable` (dependency) when that cannot be done now.
 */
export async function readAggregates(
  pool: Pool,
  userId: UserId,
  ids: readonly AggregateId[],
): Promise<ReadonlyMap<AggregateId, AggregateState>> {
  const rows = await inTransaction(pool, (client) => findStreams(client, userId, ids), { readOnly: true })
  const states = new Map<AggregateId, AggregateState>()
  for (const row of rows) {
    const { aggregate_id: aggregateId, version } = row
    const state =
      row.state_version === stateVersion
        ? (row.state as AggregateState)
        : await refoldStream(pool, { userId, aggregateId, version })
    // A stored one was folded before its commit gave the number.
    states.set(aggregateId, { ...state, sequence: row.sequence })
  }
  return states
}
