import type { UserId } from '@synap/core'
import { forgetParked } from '@synap/inbox'
import { type Client, execute, query } from '@synap/postgres'
import type { OwnedEntity } from '../fold-events.ts'
import type { ModelChange } from './derived-blocks.ts'

/** Remembers that these entities are gone for good, so that late derived records of theirs are dropped. */
export async function insertPurgedEntities(
  client: Client,
  schema: string,
  entities: readonly OwnedEntity[],
): Promise<void> {
  await execute(client, {
    name: `${schema}.insert_purged_entities`,
    text: `
      insert into ${schema}.purged (subject_id, user_id, sequence)
      select * from unnest($1::uuid[], $2::uuid[], $3::bigint[]) on conflict do nothing`,
    values: [
      entities.map(({ state }) => state.id),
      entities.map(({ userId }) => userId),
      entities.map(({ state }) => state.sequence),
    ],
  })
}

/** Every row about these entities, derived ones and relations too; answers how many vectors each user lost. */
export async function deleteEntities(
  client: Client,
  schema: string,
  ids: readonly string[],
): Promise<ModelChange[]> {
  return query<ModelChange>(client, {
    name: `${schema}.delete_entities`,
    text: `
      with texts as (delete from ${schema}.entity_texts where entity_id = any($1::uuid[])),
      links as (delete from ${schema}.entity_links where entity_id = any($1::uuid[])),
      unsearchable as (delete from ${schema}.unsearchable where entity_id = any($1::uuid[])),
      lexemes as (delete from ${schema}.entity_lexemes where entity_id = any($1::uuid[])),
      merged as (delete from ${schema}.merged_tags where entity_id = any($1::uuid[])),
      ends as (
        delete from ${schema}.relations where source_id = any($1::uuid[]) or target_id = any($1::uuid[])
      ),
      rows as (delete from ${schema}.entities where entity_id = any($1::uuid[])),
      gone as (delete from ${schema}.entity_vectors where entity_id = any($1::uuid[]) returning user_id, model)
      select user_id, model, -count(*) as vectors from gone group by user_id, model`,
    values: [ids],
  })
}

/** Every row of a user. The position stays, because a sequence that was seen stays seen, and so do the slots of what is parked. */
export async function eraseUser(
  client: Client,
  schema: string,
  userId: UserId,
  sequence: number,
): Promise<void> {
  await execute(client, {
    name: `${schema}.erase_user`,
    text: `
      with texts as (delete from ${schema}.entity_texts where user_id = $1::uuid),
      links as (delete from ${schema}.entity_links where user_id = $1::uuid),
      vectors as (delete from ${schema}.entity_vectors where user_id = $1::uuid),
      unsearchable as (delete from ${schema}.unsearchable where user_id = $1::uuid),
      lexemes as (delete from ${schema}.entity_lexemes where user_id = $1::uuid),
      models as (delete from ${schema}.user_models where user_id = $1::uuid),
      chosen as (delete from ${schema}.chosen_models where user_id = $1::uuid),
      settings as (delete from ${schema}.user_settings where user_id = $1::uuid),
      ends as (delete from ${schema}.relations where user_id = $1::uuid),
      rows as (delete from ${schema}.entities where user_id = $1::uuid),
      names as (delete from ${schema}.tags where user_id = $1::uuid),
      merges as (delete from ${schema}.tag_merges where user_id = $1::uuid),
      merged as (delete from ${schema}.merged_tags where user_id = $1::uuid)
      insert into ${schema}.purged (subject_id, user_id, sequence) values ($1::uuid, $1::uuid, $2::bigint)
      on conflict do nothing`,
    values: [userId, sequence],
  })
  await forgetParked(client, schema, [userId])
}

/** Of these users and entities, those that are gone for good. */
export async function findPurged(
  client: Client,
  schema: string,
  subjects: readonly string[],
): Promise<Set<string>> {
  const rows = await query<{ subject_id: string }>(client, {
    name: `${schema}.find_purged`,
    text: `select subject_id from ${schema}.purged where subject_id = any($1::uuid[])`,
    values: [subjects],
  })
  return new Set(rows.map((row) => row.subject_id))
}

/** Makes sure of the users' position rows, then holds them against a purge until the transaction ends. */
export async function shareUserPositions(
  client: Client,
  schema: string,
  users: readonly UserId[],
): Promise<void> {
  await execute(client, {
    name: `${schema}.ensure_user_positions`,
    text: `
      insert into ${schema}.user_positions (user_id, seen)
      select u, 0 from unnest($1::uuid[]) as t(u) order by u on conflict do nothing`,
    values: [users],
  })
  await query(client, {
    name: `${schema}.share_user_positions`,
    text: `select from ${schema}.user_positions where user_id = any($1::uuid[]) order by user_id for share`,
    values: [users],
  })
}
