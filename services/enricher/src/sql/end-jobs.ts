import type { EntityId, UserId } from '@synap/core'
import { type Client, execute } from '@synap/postgres'

/**
 * Ends open jobs of these items that read something else than what is current now. Before the new jobs are inserted.
 * Waits for a worker that writes a result just now.
 */
export async function supersedeJobs(client: Client, entities: readonly EntityId[]): Promise<void> {
  await execute(client, {
    name: 'enrich.supersede_jobs',
    text: `update enrich.jobs j set state = 'superseded', outcome = 'superseded', finished_at = now(),
             lease_owner = null, lease_until = null
           from enrich.entities e
           where e.entity_id = j.entity_id and j.entity_id = any ($1::uuid[]) and j.state = 'open'
             and j.content_hash is distinct from
               coalesce(e.content_hash, encode(sha256(convert_to(e.title, 'UTF8')), 'hex'))`,
    values: [entities],
  })
}

/** Ends open jobs of deleted items; `reopenCancelled` is the way back. */
export async function cancelJobs(client: Client, entities: readonly EntityId[]): Promise<void> {
  await execute(client, {
    name: 'enrich.cancel_jobs',
    text: `update enrich.jobs set state = 'cancelled', outcome = 'deleted', finished_at = now(),
             lease_owner = null, lease_until = null
           where entity_id = any ($1::uuid[]) and state = 'open'`,
    values: [entities],
  })
}

/** Goes on with the jobs that a deletion ended. */
export async function reopenCancelled(client: Client, entities: readonly EntityId[]): Promise<void> {
  await execute(client, {
    name: 'enrich.reopen_cancelled',
    text: `update enrich.jobs set state = 'open', outcome = null, finished_at = null, due_at = now()
           where entity_id = any ($1::uuid[]) and state = 'cancelled' and outcome is distinct from 'enrichment_cancelled'`,
    values: [entities],
  })
}

/** What goes: one item, or everything of a user. */
export interface Purge {
  kind: 'entity' | 'user'
  subjectId: EntityId | UserId
  userId: UserId
}

/** Notes the purge and ends the jobs it concerns. The update takes their rows, so a result being written comes before it. */
export async function insertPurge(client: Client, purge: Purge): Promise<void> {
  await execute(client, {
    name: 'enrich.insert_purge',
    text: `insert into enrich.purges (subject_id, kind, user_id) values ($1::uuid, $2::text, $3::uuid)
           on conflict (subject_id) do nothing`,
    values: [purge.subjectId, purge.kind, purge.userId],
  })
  await execute(client, {
    name: 'enrich.purge_jobs',
    text: `update enrich.jobs set state = 'purged', outcome = 'purged', title = null, finished_at = now(),
             lease_owner = null, lease_until = null
           where state <> 'purged' and case when $1::text = 'user' then user_id = $3::uuid else entity_id = $2::uuid end`,
    values: [purge.kind, purge.subjectId, purge.userId],
  })
}

/** Tables that hold nothing about single items. */
const ofUsers = ['tags', 'users', 'user_models', 'enrichments']

/** Deletes every result of what is purged. An embedding that another item of the user shares stays. */
export async function deleteResults(client: Client, { kind, subjectId, userId }: Purge): Promise<void> {
  const values = [kind, subjectId, userId]
  await execute(client, {
    name: 'enrich.delete_analyses',
    text: `delete from enrich.analyses a using enrich.jobs j where j.job_id = a.job_id
             and case when $1::text = 'user' then j.user_id = $3::uuid else j.entity_id = $2::uuid end`,
    values,
  })
  await execute(client, {
    name: 'enrich.delete_embeddings',
    text: `delete from enrich.embeddings b where b.user_id = $3::uuid and ($1::text = 'user' or (
             b.content_hash in (select j.content_hash from enrich.jobs j where j.entity_id = $2::uuid)
             and not exists (select from enrich.jobs o where o.user_id = $3::uuid and o.content_hash = b.content_hash
               and o.entity_id <> $2::uuid and o.state <> 'purged')))`,
    values,
  })
  await forgetSpending(client, { kind, subjectId, userId })
  for (const table of [
    'extractions',
    'signatures',
    'entity_tags',
    'entities',
    ...(kind === 'user' ? ofUsers : []),
  ]) {
    await execute(client, {
      name: `enrich.delete_${table}_${kind}`,
      text: `delete from enrich.${table} where ${kind === 'user' ? 'user_id' : 'entity_id'} = $1::uuid`,
      values: [subjectId],
    })
  }
}

/** What a purged item cost stays in its user's sums; of an erased user nothing stays but the sums of everybody. */
async function forgetSpending(client: Client, { kind, subjectId }: Purge): Promise<void> {
  if (kind === 'entity') {
    await execute(client, {
      name: 'enrich.detach_calls',
      text: 'update enrich.calls set entity_id = null, job_id = null where entity_id = $1::uuid',
      values: [subjectId],
    })
    return
  }
  for (const [table, column] of [
    ['calls', 'user_id'],
    ['spending', 'scope'],
    ['budgets', 'user_id'],
    ['pauses', 'user_id'],
  ]) {
    await execute(client, {
      name: `enrich.forget_${table}`,
      text: `delete from enrich.${table} where ${column} = $1::uuid`,
      values: [subjectId],
    })
  }
}
