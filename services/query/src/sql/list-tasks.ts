import { type Client, query } from '@synap/postgres'
import { comparableTag, type EntityRow, selectEntities } from './find-entities.ts'

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

/** By day (none last), priority, age; after `key` when one is given. */
export function listTasks(
  client: Client,
  schema: string,
  { statuses, tag, dueBefore, dueAfter }: TaskFilter,
  page: { after: TaskKey | undefined; limit: number },
): Promise<TaskRow[]> {
  const [day = null, rank = null, id = null] = page.after ?? []
  return query<TaskRow>(client, {
    text: `
      select listed.*, d.sort_day::text as sort_day, d.sort_rank
      from (${selectEntities(schema)} where e.type = 'task' and e.deleted_at is null) as listed
      join lateral (
        select coalesce(t.due_day, 'infinity'::date) as sort_day, -t.priority as sort_rank, t.due_day
        from ${schema}.task_details as t where t.entity_id = listed.entity_id
      ) as d on true
      where listed.task_status = any($1::text[])
        and ($2::date is null or d.due_day < $2::date)
        and ($3::date is null or d.due_day > $3::date)
        and ($4::text is null or exists (
          select from ${schema}.entity_tags as et join ${schema}.tags using (tag_id)
          where et.entity_id = listed.entity_id and lower(tags.name) = $4::text))
        and ($5::date is null or (d.sort_day, d.sort_rank, listed.entity_id) > ($5::date, $6::int, $7::uuid))
      order by d.sort_day, d.sort_rank, listed.entity_id
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
