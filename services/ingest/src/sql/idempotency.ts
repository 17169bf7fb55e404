import { type Client, execute } from '@synap/postgres'

/** Deletes keys that are over; answers how many. */
export function deleteExpiredIdempotency(client: Client, limit: number): Promise<number> {
  return execute(client, {
    name: 'write.delete_expired_idempotency',
    text: `
      delete from write.idempotency i
       using (
         select user_id, idempotency_key from write.idempotency
          where expires_at <= clock_timestamp()
          order by expires_at
          limit $1::int
          for update skip locked
       ) d
       where i.user_id = d.user_id and i.idempotency_key = d.idempotency_key`,
    values: [limit],
  })
}
