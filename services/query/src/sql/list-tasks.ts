import { type Client, query } from '@synap/postgres'
import { comparableTag, type EntityRow, ownColumns } from './find-entities.ts'
import { isLiving, lookUp, tagOf } from './look-up.ts'

/** What is left out does not filter. Days are `YYYY-MM-DD`. */
export interface TaskFilter {
  statuses: readonly string[]
  tag?: string | undefined
  dueBefore?: string | undefined
  dueAfter?: string | undefined
}

/** The day it is due (`infinity` for none), minus its priority, its id. */
export type TaskKey = readonly [day: string, rank: number, id: string]

export interface TaskRow extends EntityRow {
  sort_day: string
  sort_rank: number
}

/** By day (none last), priority, age; after `key` when one is given. No more of what they are is looked up than is shown. */
export function listTasks(
  client: Client,
  schema: string,
  { statuses, tag, dueBefore, dueAfter }: TaskFilter,
  page: { after: TaskKey | undefined; limit: number },
): Promise<TaskRow[]> {
  const [day = null, rank = null, id = null] = page.after ?? []
  return query<TaskRow>(client, {
    text: `
      select ${ownColumns(schema)}, t.sort_day::text as sort_day, t.sort_rank
      from (
        select dated.* from (
          select *, coalesce(due_day, 'infinity'::date) as sort_day, -priority as sort_rank
          from ${schema}.task_details
        ) as dated
        where status = any($1::text[])
          and ($2::date is null or due_day < $2::date)
          and ($3::date is null or due_day > $3::date)
          and ($5::date is null or (sort_day, sort_rank, entity_id) > ($5::date, $6::int, $7::uuid))
        order by sort_day, sort_rank, entity_id offset 0
      ) as t
      ${lookUp(schema, 'entities', 'e', `e.entity_id = t.entity_id and e.type = 'task' and ${isLiving('e')}`)}
      where $4::text is null or exists (
        select from ${schema}.own_entity_tags as et ${tagOf(schema)}
        where et.entity_id = t.entity_id and lower(tags.name) = $4::text offset 0)
      order by t.sort_day, t.sort_rank, t.entity_id
      limit $8::int`,
    values: [
      statuses,
      dueBefore ?? null,
      dueAfter ?? null,
      tag === undefined ? null : comparableTag(tag),
      day,
      rank,
      id,
      page.limit,
    ],
  })
}
