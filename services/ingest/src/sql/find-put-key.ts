import type { UserId } from '@synap/core'
import { type Client, query } from '@synap/postgres'

/** The object that a request under an idempotency key has put; undefined when it put none. */
export async function findPutKey(client: Client, userId: UserId, key: string): Promise<string | undefined> {
  const [row] = await query<{ object_key: string | null }>(client, {
    name: 'write.find_put_key',
    text: `
      select object_key from write.idempotency
       where user_id = $1::uuid and idempotency_key = $2::text`,
    values: [userId, key],
  })
  return row?.object_key ?? undefined
}
