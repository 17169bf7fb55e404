import { type Client, execute } from '@synap/postgres'

/** Those of the entities `$1` that are not found by meaning though they may be: by their content, or without any by their title. */
const openOf = (schema: string) => `
  select e.entity_id, e.user_id, e.subject_sha256 as content_sha256 from ${schema}.entities as e
  where e.entity_id = any($1::uuid[]) and e.deleted_at is null and e.subject_sha256 is not null
    and not exists (select from ${schema}.entity_vectors as v
      where v.entity_id = e.entity_id and v.content_sha256 = e.subject_sha256 and v.user_id = e.user_id)
    and not exists (select from ${schema}.entity_texts as t
      where t.entity_id = e.entity_id and t.content_sha256 = e.subject_sha256 and t.user_id = e.user_id
        and t.block = 0 and not t.analysable)`

/**
 * Notes which of these entities are not found by meaning though they may be: there is content or a title, not embedded yet, and
 * nobody has said that it holds no text. The others are noted no more.
 */
export async function replaceUnsearchable(
  client: Client,
  schema: string,
  entityIds: readonly string[],
): Promise<void> {
  await execute(client, {
    name: `${schema}.replace_unsearchable`,
    text: `
      with open as materialized (${openOf(schema)}
      ), gone as (
        delete from ${schema}.unsearchable as u
        where u.entity_id = any($1::uuid[]) and not exists (select from open where open.entity_id = u.entity_id)
      )
      insert into ${schema}.unsearchable as u (entity_id, user_id, content_sha256)
      select entity_id, user_id, content_sha256 from open order by entity_id
      on conflict (entity_id) do update set content_sha256 = excluded.content_sha256, projected_at = clock_timestamp()
      where u.content_sha256 <> excluded.content_sha256`,
    values: [entityIds],
  })
}

/** As `replaceUnsearchable`, of entities that nothing was noted of yet. */
export async function insertUnsearchable(
  client: Client,
  schema: string,
  entityIds: readonly string[],
): Promise<void> {
  await execute(client, {
    name: `${schema}.insert_unsearchable`,
    text: `insert into ${schema}.unsearchable (entity_id, user_id, content_sha256) ${openOf(schema)} order by e.entity_id`,
    values: [entityIds],
  })
}
