import type { TagState } from '@synap/domain'
import { type Client, execute } from '@synap/postgres'
import type { OwnedEntity } from '../fold-events.ts'
import { type Column, toRowSet } from './columns.ts'

export const taskColumns: readonly Column<OwnedEntity>[] = [
  ['entity_id', 'uuid', ({ state }) => state.id],
  ['user_id', 'uuid', ({ userId }) => userId],
  ['status', 'text', ({ state }) => state.particulars.task?.status ?? null],
  ['priority', 'smallint', ({ state }) => state.particulars.task?.priority ?? null],
  ['due', 'text', ({ state }) => state.particulars.task?.due ?? null],
  // Both forms of a due date begin with the day they name.
  ['due_day', 'date', ({ state }) => state.particulars.task?.due?.slice(0, 10) ?? null],
  ['completed_by', 'uuid', ({ state }) => state.particulars.task?.completedBy ?? null],
  ['completed_at', 'timestamptz', ({ state }) => state.particulars.task?.completedAt ?? null],
]

/** Each of the entities is or was a task. */
export async function upsertTaskDetails(
  client: Client,
  schema: string,
  entities: readonly OwnedEntity[],
): Promise<void> {
  const set = toRowSet(taskColumns, entities)
  await execute(client, {
    name: `${schema}.upsert_task_details`,
    text: `
      insert into ${schema}.task_details (${set.names})
      select ${set.names} from ${set.from} where ${isTheirs(schema)} order by entity_id
      on conflict (entity_id) do update set status = excluded.status, priority = excluded.priority,
        due = excluded.due, due_day = excluded.due_day, completed_by = excluded.completed_by,
        completed_at = excluded.completed_at`,
    values: set.values,
  })
}

export interface TagOfEntity {
  entity: OwnedEntity
  tag: TagState
}

export const entityTagColumns: readonly Column<TagOfEntity>[] = [
  ['entity_id', 'uuid', ({ entity }) => entity.state.id],
  ['tag_id', 'uuid', ({ tag }) => tag.id],
  ['user_id', 'uuid', ({ entity }) => entity.userId],
  ['provenance', 'jsonb', ({ tag }) => tag.provenance],
]

/** Gives the entities exactly the tags of their states. */
export async function replaceEntityTags(
  client: Client,
  schema: string,
  entities: readonly OwnedEntity[],
): Promise<void> {
  const set = toRowSet(entityTagColumns, tagsOf(entities))
  await Promise.all([
    execute(client, {
      name: `${schema}.delete_entity_tags`,
      text: `
        delete from ${schema}.entity_tags where (entity_id, user_id) in (
          select r.entity_id, r.user_id from unnest($1::uuid[], $2::uuid[]) as r(entity_id, user_id))`,
      values: [entities.map(({ state }) => state.id), entities.map(({ userId }) => userId)],
    }),
    execute(client, {
      name: `${schema}.insert_entity_tags`,
      text: `
        insert into ${schema}.entity_tags (${set.names})
        select ${set.names} from ${set.from} where ${isTheirs(schema)}`,
      values: set.values,
    }),
  ])
}

/** An entity that an event of another user claims stays as it is. */
const isTheirs = (schema: string) => `exists (
  select from ${schema}.entities as e where e.entity_id = r.entity_id and e.user_id = r.user_id)`

/** One row for each tag of each entity. */
export function tagsOf(entities: readonly OwnedEntity[]): TagOfEntity[] {
  return entities.flatMap((entity) => entity.state.tags.map((tag) => ({ entity, tag })))
}
