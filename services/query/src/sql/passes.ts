import { toTimestamptz } from '@synap/postgres'
import { comparableTag } from './find-entities.ts'
import type { CommonFilter } from './list-entities.ts'
import { tagOf } from './look-up.ts'

/** Every filter there is, those that are not asked for being null: what is not needed is not looked up. In the order of `passes`. */
export function valuesOf(filter: CommonFilter): unknown[] {
  const instant = (ms: number | undefined) => (ms === undefined ? null : toTimestamptz(ms))
  const tags = (list: readonly string[] | undefined) =>
    list === undefined ? null : [...new Set(list.map(comparableTag))]
  return [
    filter.types ?? null,
    tags(filter.tags),
    tags(filter.anyTags),
    filter.statuses ?? null,
    filter.dueBefore ?? null,
    filter.dueAfter ?? null,
    instant(filter.createdBefore),
    instant(filter.createdAfter),
    instant(filter.updatedBefore),
    instant(filter.updatedAfter),
  ]
}

/**
 * Whether an entity `e` passes a filter, looked up by its id: `and …`. One text for all filters, so that one plan fits them; its
 * parameters are those of `valuesOf`, in that order.
 */
export function passes(schema: string, parameter: (type: string) => string): string {
  const [types, all, any, statuses] = ['text[]', 'text[]', 'text[]', 'text[]'].map(parameter)
  const [before, after] = ['date', 'date'].map(parameter)
  const within = (column: string, sign: '<' | '>') => {
    const than = parameter('timestamptz')
    return `and (${than} is null or ${column} ${sign} ${than})`
  }
  const tagged = (names: string | undefined) => `
    from ${schema}.own_entity_tags as et ${tagOf(schema)}
    where et.entity_id = e.entity_id and lower(tags.name) = any (${names}) offset 0`
  return `
    and (${types} is null or e.type = any (${types}))
    ${within('e.created_at', '<')} ${within('e.created_at', '>')}
    ${within('e.updated_at', '<')} ${within('e.updated_at', '>')}
    and (${all} is null or cardinality(${all}) = (select count(distinct lower(tags.name)) ${tagged(all)}))
    and (${any} is null or exists (select ${tagged(any)}))
    and (${statuses} is null and ${before} is null and ${after} is null or e.type = 'task' and exists (
      select from ${schema}.own_task_details as t where t.entity_id = e.entity_id
        and (${statuses} is null or t.status = any (${statuses}))
        and (${before} is null or t.due_day < ${before}) and (${after} is null or t.due_day > ${after}) offset 0))`
}
