import { type Client, query } from '@synap/postgres'
import { comparableTag } from './find-entities.ts'
import { type CommonFilter, conditionsOf, type Parameter } from './list-entities.ts'
import { isLiving, lookUp, tagOf } from './look-up.ts'
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
  { tags: [first = '', ...others] = [], anyTags, ...rest }: CommonFilter,
  parameter: Parameter,
): string {
  const comparable = (tag: string) => parameter(comparableTag(tag), 'text')
  const isTagged = (names: string) => `exists (
    select from ${schema}.own_entity_tags as et ${tagOf(schema)}
    where et.entity_id = e.entity_id and lower(tags.name) = ${names} offset 0)`
  const conditions = [
    'e.entity_id = tagged.entity_id',
    isLiving('e'),
    ...conditionsOf(schema, rest, parameter),
    ...others.map((tag) => isTagged(comparable(tag))),
    ...(anyTags === undefined ? [] : [isTagged(`any(${parameter(anyTags.map(comparableTag), 'text[]')})`)]),
  ]
  const isOfTasks = (rest.statuses ?? rest.dueBefore ?? rest.dueAfter) !== undefined
  const task = isOfTasks ? `left ${lookUp(schema, 'task_details', 't', 't.entity_id = e.entity_id')}` : ''
  return `
    select e.entity_id from (
      select tags.tag_id from ${schema}.tags where lower(tags.name) = ${comparable(first)} offset 0
    ) as first
    cross join lateral (
      select et.entity_id from ${schema}.entity_tags as et where et.tag_id = first.tag_id offset 0
    ) as tagged
    cross join lateral (
      select e.entity_id from ${schema}.own_entities as e ${task} where ${conditions.join(' and ')} offset 0
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
