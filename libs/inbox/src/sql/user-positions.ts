import { type Client, execute, query } from '@synap/postgres'

/** `seen` of each user, all rows made and locked, in the order of the ids so that two of these never wait in a ring. */
export async function lockUserPositions(
  client: Client,
  schema: string,
  users: readonly string[],
): Promise<Map<string, number>> {
  const found = await lockExistingPositions(client, schema, users)
  if (found.size === users.length) return found
  const missing = users.filter((user) => !found.has(user))
  const [, made] = await Promise.all([
    insertUserPositions(client, schema, missing),
    lockExistingPositions(client, schema, missing),
  ])
  return new Map([...found, ...made])
}

/** Rows of those users that have none, in the order of their ids. */
export async function insertUserPositions(
  client: Client,
  schema: string,
  users: readonly string[],
): Promise<void> {
  await execute(client, {
    name: `${schema}.insert_user_positions`,
    text: `insert into ${schema}.user_positions (user_id, seen)
           select u, 0 from unnest($1::uuid[]) with ordinality as t(u, n) order by n on conflict do nothing`,
    values: [users.toSorted()],
  })
}

/** As `lockUserPositions`, but users without a row are left out. */
export async function lockExistingPositions(
  client: Client,
  schema: string,
  users: readonly string[],
): Promise<Map<string, number>> {
  const rows = await query<{ user_id: string; seen: number }>(client, {
    name: `${schema}.lock_user_positions`,
    text: `select user_id, seen from ${schema}.user_positions
           where user_id = any ($1::uuid[]) order by user_id for update`,
    values: [users],
  })
  return new Map(rows.map((row) => [row.user_id, row.seen]))
}

/** `seen` of each user without a lock; users without a row are left out. */
export async function findUserPositions(
  client: Client,
  schema: string,
  users: readonly string[],
): Promise<Map<string, number>> {
  const rows = await query<{ user_id: string; seen: number }>(client, {
    name: `${schema}.find_user_positions`,
    text: `select user_id, seen from ${schema}.user_positions where user_id = any ($1::uuid[])`,
    values: [users],
  })
  return new Map(rows.map((row) => [row.user_id, row.seen]))
}

/** The caller holds the rows. */
export async function updateUserPositions(
  client: Client,
  schema: string,
  seen: ReadonlyMap<string, number>,
): Promise<void> {
  await execute(client, {
    name: `${schema}.update_user_positions`,
    text: `update ${schema}.user_positions p set seen = n.seen, updated_at = now()
           from unnest($1::uuid[], $2::bigint[]) as n(user_id, seen)
           where p.user_id = n.user_id and p.seen < n.seen`,
    values: [[...seen.keys()], [...seen.values()]],
  })
}
