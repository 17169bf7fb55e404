import type { UserId } from '@synap/core'
import { type Client, execute, query } from '@synap/postgres'
import type { TagChange } from '../fold-events.ts'
import { deleteEntityTag, insertEntityTag, mergeEntityTags } from './neighbours.ts'

/** Notes the time zones that users chose; null = the default again. */
export async function upsertTimeZones(
  client: Client,
  zones: ReadonlyMap<UserId, string | null>,
): Promise<void> {
  await execute(client, {
    name: 'enrich.upsert_time_zones',
    text: `insert into enrich.users (user_id, time_zone) select * from unnest($1::uuid[], $2::text[])
           on conflict (user_id) do update set time_zone = excluded.time_zone, updated_at = now()`,
    values: [[...zones.keys()], [...zones.values()]],
  })
}

/** The user's time zone, or null when none was chosen. */
export async function findTimeZone(client: Client, userId: UserId): Promise<string | null> {
  const rows = await query<{ time_zone: string | null }>(client, {
    name: 'enrich.find_time_zone',
    text: 'select time_zone from enrich.users where user_id = $1::uuid',
    values: [userId],
  })
  return rows[0]?.time_zone ?? null
}

/**
 * Applies one change to a user's vocabulary and to the tags of an item; a tag that nobody named before is only counted once
 * it has a name.
 */
export async function changeTag(client: Client, change: TagChange): Promise<void> {
  const { userId, tagId, entityId, mergedInto } = change
  await execute(client, {
    name: 'enrich.change_tag',
    text: `insert into enrich.tags as t (user_id, tag_id, name, uses)
           select $1::uuid, $2::uuid, $3::text, greatest(0, $4::int) where $3::text is not null
           on conflict (user_id, tag_id) do update set name = excluded.name, uses = greatest(0, t.uses + $4::int)`,
    values: [userId, tagId, change.name, change.uses],
  })
  if (change.name === null) await adjustTag(client, change)
  if (mergedInto !== null) await mergeEntityTags(client, userId, tagId, mergedInto)
  if (entityId === null) return
  const itemTag = { userId, entityId, tagId }
  await (change.uses > 0 ? insertEntityTag(client, itemTag) : deleteEntityTag(client, itemTag))
}

async function adjustTag(client: Client, { userId, tagId, uses, mergedInto }: TagChange): Promise<void> {
  await execute(client, {
    name: 'enrich.adjust_tag',
    text: `update enrich.tags set uses = case when $4::boolean then 0 else greatest(0, uses + $3::int) end
           where user_id = $1::uuid and tag_id = $2::uuid`,
    values: [userId, tagId, uses, mergedInto !== null],
  })
}

/** Names of the user's tags that are in use, most used first, then by name: the same question, the same answer. */
export async function findVocabulary(client: Client, userId: UserId, limit: number): Promise<string[]> {
  const rows = await query<{ name: string }>(client, {
    name: 'enrich.find_vocabulary',
    text: `select name from enrich.tags where user_id = $1::uuid and uses > 0
           order by uses desc, name limit $2::int`,
    values: [userId, limit],
  })
  return rows.map(({ name }) => name)
}
