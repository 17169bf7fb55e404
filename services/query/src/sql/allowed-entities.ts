import type { Client } from '@synap/postgres'
import { type CommonFilter, conditionsOf, type Parameter } from './list-entities.ts'
import { queryPlannedAnew } from './planned-anew.ts'

/** The entities that a filter keeps, by conditions of `conditionsOf`. */
export const allowedEntities = (schema: string, conditions: readonly string[]) => `
  select e.entity_id from ${schema}.entities as e left join ${schema}.task_details as t using (entity_id)
  where e.deleted_at is null and ${conditions.join(' and ')}`

/** Ids of the entities that a filter keeps, 16 bytes each; undefined: they are more than `most`. */
export async function findAllowedIds(
  client: Client,
  schema: string,
  filter: CommonFilter,
  most: number,
): Promise<Uint8Array | undefined> {
  const values: unknown[] = []
  const parameter: Parameter = (value, type) => `$${values.push(value)}::${type}`
  const allowed = allowedEntities(schema, conditionsOf(schema, filter, parameter))
  const [row] = await queryPlannedAnew<{ ids: Buffer }>(client, {
    text: `
      select coalesce(string_agg(uuid_send(a.entity_id), ''), '') as ids
      from (${allowed} limit ${parameter(most + 1, 'int')}) as a`,
    values,
  })
  return row === undefined || row.ids.length > most * 16 ? undefined : row.ids
}
