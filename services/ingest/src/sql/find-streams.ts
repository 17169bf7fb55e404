import type { AggregateId, UserId } from '@synap/core'
import { type Client, query } from '@synap/postgres'

export interface StreamRow {
  aggregate_id: AggregateId
  aggregate_type: string
  version: number
  /** Of its last event. */
  sequence: number
  state: unknown
  state_version: number
}

/** The aggregates of this user among `ids`, without a lock: what is decided on them is checked by the append. */
export function findStreams(
  client: Client,
  userId: UserId,
  ids: readonly AggregateId[],
): Promise<StreamRow[]> {
  return query(client, {
    name: 'write.find_streams',
    text: `
      select aggregate_id, aggregate_type, version, sequence, state, state_version
        from write.streams
       where user_id = $1::uuid and aggregate_id = any ($2::uuid[])`,
    values: [userId, ids],
  })
}
