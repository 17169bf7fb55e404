import { type Client, query } from '@synap/postgres'
import { conditionsOf, type EntityFilter } from './list-entities.ts'

/** A user's vectors by model, most first. */
export interface UserModel {
  model: string
  vectors: number
}

export async function findUserModels(client: Client, schema: string): Promise<UserModel[]> {
  return query<UserModel>(client, {
    name: `${schema}.find_user_models`,
    text: `select model, vectors from ${schema}.user_models where vectors > 0 order by vectors desc, model`,
  })
}

/** How many vectors the entities have that a filter keeps; counts no further than `most`. */
export async function countVectors(
  client: Client,
  schema: string,
  filter: EntityFilter,
  most: number,
): Promise<number> {
  const values: unknown[] = []
  const parameter = (value: unknown, type: string) => `$${values.push(value)}::${type}`
  const conditions = conditionsOf(schema, filter, parameter)
  const [row] = await query<{ vectors: number }>(client, {
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
