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
      insert into ${schema}.task_details (${set.names}) select ${set.names} from ${set.from} order by entity_id
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
  await execute(client, {
    name: `${schema}.delete_entity_tags`,
    text: `delete from ${schema}.entity_tags where entity_id = any($1::uuid[])`,
    values: [entities.map(({ state }) => state.id)],
  })
  const rows = tagsOf(entities)
  const set = toRowSet(entityTagColumns, rows)
  await execute(client, {
    name: `${schema}.insert_entity_tags`,
    text: `insert into ${schema}.entity_tags (${set.names}) select ${set.names} from ${set.from}`,
    values: set.values,
  })
}

/** One row for each tag of each entity. */
export function tagsOf(entities: readonly OwnedEntity[]): TagOfEntity[] {
  return entities.flatMap((entity) => entity.state.tags.map((tag) => ({ entity, tag })))
}
