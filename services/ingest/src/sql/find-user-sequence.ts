import type { UserId } from '@synap/core'
import { type Client, query } from '@synap/postgres'

/** The highest sequence of a user; 0 for one who never wrote. */
export async function findUserSequence(client: Client, userId: UserId): Promise<number> {
  const [row] = await query<{ sequence: number }>(client, {
    name: 'write.find_user_sequence',
    text: `select sequence from write.users where user_id = $1::uuid`,
    values: [userId],
  })
  return row?.sequence ?? 0
}
