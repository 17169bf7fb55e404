import type { UserId } from '@synap/core'
import { type Client, query } from '@synap/postgres'
import { type CommonFilter, conditionsOf } from './list-entities.ts'
import { queryPlannedAnew } from './planned-anew.ts'

/** A user's vectors of one model. */
export interface UserModel {
  model: string
  vectors: number
}

/**
 * The one model by whose vectors the user's items are compared, and how many there are: the chosen one, else the one with
 * the most. Undefined: there are none. Vectors of another model that are being made beside them do not count.
 */
export async function findUserModel(
  client: Client,
  schema: string,
  userId: UserId,
): Promise<UserModel | undefined> {
  const [row] = await query<UserModel>(client, {
    name: `${schema}.find_user_model`,
    text: `select m.model, m.vectors from ${schema}.user_models as m
      left join ${schema}.chosen_models as c on c.user_id = m.user_id
      where m.user_id = $1::uuid and m.vectors > 0 and m.model = coalesce(c.model, m.model)
      order by m.vectors desc, m.model limit 1`,
    values: [userId],
  })
  return row
}

/** How many vectors all users have, as the database keeps count for its own plans; 0: it has not counted yet. */
export async function countAllVectors(client: Client, schema: string): Promise<number> {
  const [row] = await query<{ vectors: number }>(client, {
    name: `${schema}.count_all_vectors`,
    text: `select greatest(c.reltuples, 0)::float8 as vectors from pg_catalog.pg_class as c
      join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
      where n.nspname = $1::name and c.relname = 'entity_vectors'`,
    values: [schema],
  })
  return row?.vectors ?? 0
}

/** How many vectors the entities have that a filter keeps; counts no further than `most`. */
export async function countVectors(
  client: Client,
  schema: string,
  filter: CommonFilter,
  most: number,
): Promise<number> {
  const values: unknown[] = []
  const parameter = (value: unknown, type: string) => `$${values.push(value)}::${type}`
  const conditions = conditionsOf(schema, filter, parameter)
  const [row] = await queryPlannedAnew<{ vectors: number }>(client, {
    text: `
      select count(*)::int as vectors from (
        select from ${schema}.entities as e
        left join ${schema}.task_details as t using (entity_id)
        join ${schema}.entity_vectors as v using (entity_id)
        where ${['e.deleted_at is null', ...conditions].join(' and ')} limit ${parameter(most, 'int')}
      ) as counted`,
    values,
  })
  return row?.vectors ?? 0
}
