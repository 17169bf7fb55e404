import { type Client, execute } from '@synap/postgres'

/**
 * Takes what is parked of these users out of a consumer's tables, in the transaction that applies their erasure: bytes, keys, headers,
 * details and history. Slots stay, closed and empty, because a sequence that was seen stays seen; what takes no slot goes,
 * also when only its key says whose it is.
 */
export async function forgetParked(client: Client, schema: string, users: readonly string[]): Promise<void> {
  await execute(client, {
    name: `${schema}.forget_parked`,
    text: `
      with gone as (
        delete from ${schema}.parked where not slot and (
          user_id = any ($1::uuid[]) or left(key, 36) = any (select u::text from unnest($1::uuid[]) as u))
        returning id
      ), emptied as (
        update ${schema}.parked set value = null, headers = null, key = null, detail = null, updated_at = now(),
          state = case when state = 'applied' then state else 'discarded' end
        where slot and user_id = any ($1::uuid[]) returning id
      )
      delete from ${schema}.parked_history h using (select id from gone union all select id from emptied) as p
      where h.parked_id = p.id`,
    values: [users],
  })
}
