import type { UserId } from '@synap/core'
import { type Client, query } from '@synap/postgres'

export interface HeadRow {
  user_id: UserId
  sequence: number
}

/** The highest sequence of users who have been quiet for `olderThanMs`, by user id, after `after`. */
export function selectHeads(
  client: Client,
  olderThanMs: number,
  after: UserId | null,
  limit: number,
): Promise<HeadRow[]> {
  return query(client, {
    name: 'write.heads',
    text: `select user_id, sequence from write.heads(make_interval(secs => $1::float8), $2::uuid, $3::int)`,
    values: [olderThanMs / 1000, after, limit],
  })
}
