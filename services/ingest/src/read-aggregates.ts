import { type AggregateId, SynapError, type UserId } from '@synap/core'
import { type AggregateState, stateVersion } from '@synap/domain'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { findStreams } from './sql/find-streams.ts'

/**
 * The states of these aggregates of a user, without a lock; one that is not there, or another user's, is missing from
 * the map. Rejects with `state.other_version` (configuration) for a state that another version of the fold has made.
 */
export async function readAggregates(
  pool: Pool,
  userId: UserId,
  ids: readonly AggregateId[],
): Promise<ReadonlyMap<AggregateId, AggregateState>> {
  const rows = await inTransaction(pool, (client) => findStreams(client, userId, ids), { readOnly: true })
  return new Map(
    rows.map((row) => {
      if (row.state_version !== stateVersion) {
        throw new SynapError('a stored state was folded by another version of the code', {
          code: 'state.other_version',
          class: 'configuration',
          fields: { stored: row.state_version, code: stateVersion },
        })
      }
      // It was folded before its commit gave the number.
      return [row.aggregate_id, { ...(row.state as AggregateState), sequence: row.sequence }]
    }),
  )
}
