import { type Client, query } from '@synap/postgres'
import { comparableTag } from './find-entities.ts'
import { type CommonFilter, conditionsOf, type Parameter } from './list-entities.ts'
import { queryPlannedAnew } from './planned-anew.ts'

/** The entities that a filter keeps, by conditions of `conditionsOf`. */
export const allowedEntities = (schema: string, conditions: readonly string[]) => `
  select e.entity_id from ${schema}.entities as e left join ${schema}.task_details as t using (entity_id)
  where e.deleted_at is null and ${conditions.join(' and ')}`

/** Filters by more than this are rare, and of too many kinds for each to be prepared. */
const preparedFields = 2

/**
 * A name for all filters by the same fields, where one plan fits all values: with tags, whose rows come first. Undefined: the
 * values decide, as with dates, or there are too many fields.
 */
function nameOf(schema: string, filter: CommonFilter): string | undefined {
  const fields = Object.entries(filter).filter(([, value]) => value !== undefined)
  const tags = filter.tags?.length ?? 0
  if (fields.length > preparedFields || tags === 0 || tags > preparedFields) return undefined
  const names = fields.map(([name]) => (name === 'tags' ? `tags${tags}` : name)).sort()
  return `${schema}.find_allowed_${names.join('_').toLowerCase()}`
}

/** The same from those of the first tag, looked up one by one: by a plan for all values, all of the user's might be read. */
function taggedEntities(
  schema: string,
  { tags: [first = '', ...others] = [], ...rest }: CommonFilter,
  parameter: Parameter,
): string {
  const conditions = conditionsOf(schema, { ...rest, tags: others }, parameter)
  return `
    select e.entity_id from (
      select et.entity_id from ${schema}.tags join ${schema}.entity_tags as et using (tag_id)
      where lower(tags.name) = ${parameter(comparableTag(first), 'text')} offset 0
    ) as tagged
    cross join lateral (
      select e.entity_id from ${schema}.entities as e left join ${schema}.task_details as t using (entity_id)
      where ${['e.entity_id = tagged.entity_id', 'e.deleted_at is null', ...conditions].join(' and ')} offset 0
    ) as e`
}

/** Ids of the entities that a filter keeps, 16 bytes each; undefined: they are more than `most`. In a transaction that plans once. */
export async function findAllowedIds(
  client: Client,
  schema: string,
  filter: CommonFilter,
  most: number,
): Promise<Uint8Array | undefined> {
  const values: unknown[] = []
  const parameter: Parameter = (value, type) => `$${values.push(value)}::${type}`
  const name = nameOf(schema, filter)
  const allowed =
    name === undefined
      ? allowedEntities(schema, conditionsOf(schema, filter, parameter))
      : taggedEntities(schema, filter, parameter)
  const [row] = await (name === undefined ? queryPlannedAnew<Allowed> : query<Allowed>)(client, {
    ...(name === undefined ? {} : { name }),
    text: `
      select coalesce(string_agg(uuid_send(a.entity_id), ''), '') as ids
      from (${allowed} limit ${parameter(most + 1, 'int')}) as a`,
    values,
  })
  return row === undefined || row.ids.length > most * 16 ? undefined : row.ids
}

interface Allowed {
  ids: Buffer
}
