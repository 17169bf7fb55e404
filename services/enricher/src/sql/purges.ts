import type { DerivedPlace } from '@synap/contracts'
import type { EntityId, UserId } from '@synap/core'
import { type Client, execute, query } from '@synap/postgres'
import type { Purge } from './end-jobs.ts'

/** A purge whose tombstones are due, leased for two minutes; undefined when there is none. */
export async function takeDuePurge(client: Client): Promise<(Purge & { passes: number }) | undefined> {
  const rows = await query<{
    kind: Purge['kind']
    subject_id: EntityId | UserId
    user_id: UserId
    passes: number
  }>(client, {
    name: 'enrich.take_due_purge',
    text: `update enrich.purges p set due_at = now() + interval '2 minutes'
           from (select subject_id from enrich.purges where passes < 2 and due_at <= now()
                 order by due_at limit 1 for update skip locked) due
           where p.subject_id = due.subject_id returning p.kind, p.subject_id, p.user_id, p.passes`,
  })
  const [row] = rows
  if (row === undefined) return undefined
  return { kind: row.kind, subjectId: row.subject_id, userId: row.user_id, passes: row.passes }
}

/** What stands, or may stand, on the derived topic of what is purged: each key of it. */
export async function findPublishedPlaces(client: Client, purge: Purge): Promise<DerivedPlace[]> {
  const rows = await query<{
    user_id: UserId
    entity_id: EntityId
    content_hash: string
    producer: string
    block: number
  }>(client, {
    name: 'enrich.find_published_places',
    text: `select p.user_id, p.entity_id, p.content_hash, p.producer, b.block
           from enrich.published p cross join lateral generate_series(0, p.block_count - 1) as b (block)
           where case when $1::text = 'user' then p.user_id = $3::uuid else p.entity_id = $2::uuid end`,
    values: [purge.kind, purge.subjectId, purge.userId],
  })
  return rows.map((row) => ({
    userId: row.user_id,
    entityId: row.entity_id,
    contentHash: row.content_hash,
    producer: row.producer,
    block: row.block,
  }))
}

/** Every content of what is purged that may have left a derived text. */
export async function findPurgedContents(
  client: Client,
  purge: Purge,
): Promise<{ userId: UserId; entityId: EntityId; contentHash: string }[]> {
  return query(client, {
    name: 'enrich.find_purged_contents',
    text: `select distinct user_id as "userId", entity_id as "entityId", content_hash as "contentHash" from enrich.jobs
           where source = 'content' and case when $1::text = 'user' then user_id = $3::uuid else entity_id = $2::uuid end`,
    values: [purge.kind, purge.subjectId, purge.userId],
  })
}

/** Counts a pass; the second comes an hour later, for a record that was on its way during the first. */
export async function finishPurgePass(client: Client, purge: Purge): Promise<void> {
  await execute(client, {
    name: 'enrich.finish_purge_pass',
    text: `update enrich.purges set passes = passes + 1, due_at = now() + interval '1 hour' where subject_id = $1::uuid`,
    values: [purge.subjectId],
  })
}

/** Does the purge of this item or of its user again from the first pass, if there was one. */
export async function repeatPurge(
  client: Client,
  { entityId, userId }: { entityId: EntityId; userId: UserId },
): Promise<void> {
  await execute(client, {
    name: 'enrich.repeat_purge',
    text: `update enrich.purges set passes = 0, due_at = now() where subject_id in ($1::uuid, $2::uuid)`,
    values: [entityId, userId],
  })
}

/** After the last pass nothing is left but the purge itself. */
export async function deletePurged(client: Client, purge: Purge): Promise<void> {
  for (const table of ['published', 'jobs'] as const) {
    await execute(client, {
      name: `enrich.delete_purged_${table}`,
      text: `delete from enrich.${table}
             where case when $1::text = 'user' then user_id = $3::uuid else entity_id = $2::uuid end`,
      values: [purge.kind, purge.subjectId, purge.userId],
    })
  }
}
