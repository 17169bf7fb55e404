import { type Client, execute, query } from '@synap/postgres'

/** Removes the searchable documents of those of these entities that are deleted, purged or not there yet. */
export async function deleteStaleLexemes(
  client: Client,
  schema: string,
  entityIds: readonly string[],
): Promise<void> {
  await execute(client, {
    name: `${schema}.delete_stale_lexemes`,
    text: `
      delete from ${schema}.entity_lexemes as l
      where l.entity_id = any($1::uuid[]) and not exists (
        select from ${schema}.entities as e where e.entity_id = l.entity_id and e.deleted_at is null)`,
    values: [entityIds],
  })
}

/** Of these entities those that are searchable, with the bytes that their documents take as they are stored. */
export async function findDocumentSizes(
  client: Client,
  schema: string,
  entityIds: readonly string[],
): Promise<{ entity_id: string; bytes: number }[]> {
  return query(client, {
    name: `${schema}.find_document_sizes`,
    text: `
      select e.entity_id, coalesce(pg_column_size(l.lexemes), 0) + coalesce(t.bytes, 0) as bytes
      from ${schema}.entities as e
      left join ${schema}.entity_lexemes as l using (entity_id)
      left join lateral (
        select max(pg_column_size(texts.lexemes)) as bytes from ${schema}.entity_texts as texts
        where texts.entity_id = e.entity_id and texts.content_sha256 = e.subject_sha256 and texts.block = 0
      ) as t on true
      where e.entity_id = any($1::uuid[]) and e.deleted_at is null
      order by e.entity_id`,
    values: [entityIds],
  })
}

/** Makes the searchable documents of these entities anew, as the function of the owner builds them. */
export async function upsertLexemes(
  client: Client,
  schema: string,
  entityIds: readonly string[],
): Promise<void> {
  await execute(client, {
    name: `${schema}.upsert_lexemes`,
    text: `
      insert into ${schema}.entity_lexemes as l (entity_id, user_id, config, lexemes, names)
      select entity_id, user_id, config, lexemes, names from ${schema}.make_documents($1::uuid[])
      on conflict (entity_id) do update
        set config = excluded.config, lexemes = excluded.lexemes, names = excluded.names
      where l.config <> excluded.config or l.lexemes <> excluded.lexemes or l.names <> excluded.names`,
    values: [entityIds],
  })
}

/** As `upsertLexemes`, of entities that have no documents yet. */
export async function insertLexemes(
  client: Client,
  schema: string,
  entityIds: readonly string[],
): Promise<void> {
  await execute(client, {
    name: `${schema}.insert_lexemes`,
    text: `
      insert into ${schema}.entity_lexemes (entity_id, user_id, config, lexemes, names)
      select entity_id, user_id, config, lexemes, names from ${schema}.make_documents($1::uuid[])`,
    values: [entityIds],
  })
}
