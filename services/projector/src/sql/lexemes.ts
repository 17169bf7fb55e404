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

/**
 * Makes the searchable documents of these entities anew from title, tags, and the text of the current content (or the
 * preview until it is extracted).
 */
export async function upsertLexemes(
  client: Client,
  schema: string,
  entityIds: readonly string[],
): Promise<void> {
  await execute(client, {
    name: `${schema}.upsert_lexemes`,
    text: `
      insert into ${schema}.entity_lexemes as l (entity_id, user_id, config, lexemes)
      select e.entity_id, e.user_id, c.config,
        ${schema}.to_lexemes(c.config, e.title, 'A') || ${schema}.to_lexemes(c.config, g.names, 'B')
          -- To the parser a file name is one word: its parts are words too.
          || case when e.title ~ '\\w[._/-]\\w'
            then ${schema}.to_lexemes(c.config, translate(e.title, '._/-', '    '), 'A') else '' end
          || coalesce(t.lexemes, ${schema}.to_lexemes(c.config, e.preview, 'C'))
      from ${schema}.entities as e
      left join lateral (
        select texts.config, texts.lexemes from ${schema}.entity_texts as texts
        where texts.entity_id = e.entity_id and texts.content_sha256 = e.subject_sha256
          and texts.user_id = e.user_id and texts.block = 0
        -- Of two extractions that of the newer program counts, whichever came first.
        order by substring(texts.producer from '@([0-9]{1,9})$')::int desc nulls last, texts.producer desc limit 1
      ) as t on true
      left join lateral (
        select string_agg(tags.name, ' ' order by tags.name) as names
        from ${schema}.entity_tags join ${schema}.tags using (tag_id) where entity_tags.entity_id = e.entity_id
      ) as g on true
      cross join lateral (select coalesce(t.config, ${schema}.text_config(e.language)) as config) as c
      where e.entity_id = any($1::uuid[]) and e.deleted_at is null
      order by e.entity_id
      on conflict (entity_id) do update set config = excluded.config, lexemes = excluded.lexemes
      where l.config <> excluded.config or l.lexemes <> excluded.lexemes`,
    values: [entityIds],
  })
}
