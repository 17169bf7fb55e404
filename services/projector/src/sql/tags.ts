import type { EventOf } from '@synap/contracts'
import { type Client, execute, query } from '@synap/postgres'
import type { TagColor, TagName } from '../fold-events.ts'
import { type Column, toRowSet } from './columns.ts'
import { deleteSettledMerges } from './merged-tags.ts'

const nameColumns: readonly Column<TagName>[] = [
  ['tag_id', 'uuid', (tag) => tag.tagId],
  ['user_id', 'uuid', (tag) => tag.userId],
  ['name', 'text', (tag) => tag.name],
  ['name_sequence', 'bigint', (tag) => tag.sequence],
]

/** The newest name of a tag counts. Answers the ids of tags that got another name. */
export async function upsertTagNames(
  client: Client,
  schema: string,
  names: readonly TagName[],
): Promise<string[]> {
  const set = toRowSet(nameColumns, names)
  const rows = await query<{ tag_id: string }>(client, {
    name: `${schema}.upsert_tag_names`,
    text: `
      with before as (
        select t.tag_id, t.name from ${schema}.tags as t where t.tag_id = any($1::uuid[])
      ), written as (
        insert into ${schema}.tags as t (${set.names}) select ${set.names} from ${set.from} order by tag_id
        on conflict (tag_id) do update set name = excluded.name, name_sequence = excluded.name_sequence
        where t.name_sequence < excluded.name_sequence and t.user_id = excluded.user_id
        returning t.tag_id, t.name
      )
      select written.tag_id from written join before using (tag_id) where before.name <> written.name`,
    values: set.values,
  })
  return rows.map((row) => row.tag_id)
}

const colorColumns: readonly Column<TagColor>[] = [
  ['tag_id', 'uuid', (tag) => tag.tagId],
  ['user_id', 'uuid', (tag) => tag.userId],
  ['color', 'text', (tag) => tag.color],
  ['color_sequence', 'bigint', (tag) => tag.sequence],
]

/** The newest colour of a tag counts. One that has no name yet (its event is parked) waits for it as a nameless row. */
export async function upsertTagColors(
  client: Client,
  schema: string,
  colors: readonly TagColor[],
): Promise<void> {
  const set = toRowSet(colorColumns, colors)
  await execute(client, {
    name: `${schema}.upsert_tag_colors`,
    text: `
      insert into ${schema}.tags as t (${set.names}, name, name_sequence)
      select ${set.names}, '', 0 from ${set.from} order by tag_id
      on conflict (tag_id) do update set color = excluded.color, color_sequence = excluded.color_sequence
      where t.color_sequence < excluded.color_sequence and t.user_id = excluded.user_id`,
    values: set.values,
  })
}

/**
 * Puts one tag in the place of another on every entity, and keeps what events that come late have to know of it; answers
 * the entities that had it.
 */
export async function mergeTag(
  client: Client,
  schema: string,
  { userId, sequence, delta }: EventOf<'tag.merged'>,
): Promise<string[]> {
  await deleteSettledMerges(client, schema, userId)
  await upsertTagNames(client, schema, [{ tagId: delta.intoId, userId, name: delta.intoName, sequence }])
  const rows = await query<{ entity_id: string }>(client, {
    name: `${schema}.move_entity_tags`,
    text: `
      with gone as (
        delete from ${schema}.entity_tags where tag_id = $1::uuid and user_id = $3::uuid returning entity_id, provenance
      ), moved as (
        insert into ${schema}.entity_tags (entity_id, tag_id, user_id, provenance)
        select entity_id, $2::uuid, $3::uuid, provenance from gone
        on conflict (entity_id, tag_id) do nothing
        returning entity_id
      ), noted as (
        insert into ${schema}.tag_merges (user_id, sequence, tag_id, into_id)
        values ($3::uuid, $4::bigint, $1::uuid, $2::uuid) on conflict do nothing
      ), kept as (
        insert into ${schema}.merged_tags (entity_id, sequence, user_id, provenance, had_both)
        select entity_id, $4::bigint, $3::uuid, provenance, entity_id not in (select entity_id from moved) from gone
        on conflict do nothing
      )
      select entity_id from gone`,
    values: [delta.tagId, delta.intoId, userId, sequence],
  })
  await execute(client, {
    name: `${schema}.delete_tag`,
    text: `delete from ${schema}.tags where tag_id = $1::uuid and user_id = $2::uuid`,
    values: [delta.tagId, userId],
  })
  return rows.map((row) => row.entity_id)
}

/** The entities that have one of these tags. */
export async function findEntitiesWithTags(
  client: Client,
  schema: string,
  tagIds: readonly string[],
): Promise<string[]> {
  const rows = await query<{ entity_id: string }>(client, {
    name: `${schema}.find_entities_with_tags`,
    text: `select distinct entity_id from ${schema}.entity_tags
      where user_id in (select user_id from ${schema}.tags where tag_id = any($1::uuid[]))
        and tag_id = any($1::uuid[])`,
    values: [tagIds],
  })
  return rows.map((row) => row.entity_id)
}
