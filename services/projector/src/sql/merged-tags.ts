import type { TagId } from '@synap/core'
import { type Client, execute, query } from '@synap/postgres'
import type { Merge, MergedTag } from '../fold-late.ts'
import { type Column, toRowSet } from './columns.ts'

interface PastRow {
  subject_id: string | null
  user_id: string | null
  sequence: number | null
  tag_id: TagId | null
  into_id: TagId | null
}

/** What has happened behind events that come now: which of these entities are gone for good, and merges of tags. */
export async function findBehind(
  client: Client,
  schema: string,
  entityIds: readonly string[],
  firsts: ReadonlyMap<string, number>,
): Promise<{ purged: Set<string>; merges: Merge[] }> {
  const rows = await query<PastRow>(client, {
    name: `${schema}.find_behind`,
    text: `
      select subject_id, null as user_id, null as sequence, null as tag_id, null as into_id
      from ${schema}.purged where subject_id = any($1::uuid[])
      union all
      select null, m.user_id, m.sequence, m.tag_id, m.into_id
      from unnest($2::uuid[], $3::bigint[]) as f (user_id, sequence)
      join ${schema}.tag_merges as m on m.user_id = f.user_id and m.sequence > f.sequence`,
    values: [entityIds, [...firsts.keys()], [...firsts.values()]],
  })
  const purged = new Set<string>()
  const merges: Merge[] = []
  for (const { subject_id: id, user_id: userId, sequence, tag_id: tagId, into_id: intoId } of rows) {
    if (id !== null) purged.add(id)
    else if (userId !== null && sequence !== null && tagId !== null && intoId !== null) {
      merges.push({ userId, sequence, tagId, intoId })
    }
  }
  return { purged, merges }
}

/**
 * Fails with SQLSTATE 22P02 when one of these entities is there or gone for good, or a merge of tags has happened behind one of the
 * events.
 */
export async function refuseBehind(
  client: Client,
  schema: string,
  entityIds: readonly string[],
  events: readonly { userId: string; sequence: number }[],
): Promise<void> {
  await execute(client, {
    name: `${schema}.refuse_behind`,
    text: `
      select (case when exists (select from ${schema}.entities where entity_id = any($1::uuid[]))
        or exists (select from ${schema}.purged where subject_id = any($1::uuid[]))
        or exists (select from unnest($2::uuid[], $3::bigint[]) as f (user_id, sequence)
          join ${schema}.tag_merges as m on m.user_id = f.user_id and m.sequence > f.sequence)
      then 'it is not as it was presumed' else '1' end)::int as presumed`,
    values: [entityIds, events.map(({ userId }) => userId), events.map(({ sequence }) => sequence)],
  })
}

/** What merges have taken off these entities. */
export async function findMergedTags(
  client: Client,
  schema: string,
  entityIds: readonly string[],
): Promise<MergedTag[]> {
  return query<MergedTag>(client, {
    name: `${schema}.find_merged_tags`,
    text: `
      select entity_id as "entityId", user_id as "userId", sequence, provenance, had_both as "hadBoth"
      from ${schema}.merged_tags where entity_id = any($1::uuid[])`,
    values: [entityIds],
  })
}

const columns: readonly Column<MergedTag>[] = [
  ['entity_id', 'uuid', (row) => row.entityId],
  ['sequence', 'bigint', (row) => row.sequence],
  ['user_id', 'uuid', (row) => row.userId],
  ['provenance', 'jsonb', (row) => row.provenance],
  ['had_both', 'bool', (row) => row.hadBoth],
]

/** Puts these rows in the place of all that there are of the entities. */
export async function replaceMergedTags(
  client: Client,
  schema: string,
  entityIds: readonly string[],
  rows: readonly MergedTag[],
): Promise<void> {
  await execute(client, {
    name: `${schema}.delete_merged_tags`,
    text: `delete from ${schema}.merged_tags where entity_id = any($1::uuid[])`,
    values: [entityIds],
  })
  if (rows.length === 0) return
  const set = toRowSet(columns, rows)
  await execute(client, {
    name: `${schema}.insert_merged_tags`,
    text: `insert into ${schema}.merged_tags (${set.names}) select ${set.names} from ${set.from}`,
    values: set.values,
  })
}

/**
 * Forgets merges that no event can be late for any more: everything before them is applied. What the batch at hand has parked may
 * not be written yet, so only merges of earlier batches go.
 */
export async function deleteSettledMerges(client: Client, schema: string, userId: string): Promise<void> {
  await execute(client, {
    name: `${schema}.delete_settled_merges`,
    text: `
      with first as (
        select least(p.seen, (
          select min(k.sequence) from ${schema}.parked as k
          where k.user_id = p.user_id and k.slot and k.state in ('open', 'retry')
        )) as open from ${schema}.user_positions as p where p.user_id = $1::uuid
      ), rows as (
        delete from ${schema}.merged_tags as t using first where t.user_id = $1::uuid and t.sequence <= first.open
      )
      delete from ${schema}.tag_merges as m using first where m.user_id = $1::uuid and m.sequence <= first.open`,
    values: [userId],
  })
}
