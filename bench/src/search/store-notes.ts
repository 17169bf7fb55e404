import { createOfflineProvider } from '@synap/ai'
import { sha256Hex, type UserId, uuidv7 } from '@synap/core'
import { type Client, query, toVector } from '@synap/postgres'
import type { LabelledNote } from './labelled-set.ts'

const provider = createOfflineProvider()
const model = provider.embeddingModel

/**
 * Stores notes as the projector does: the owner's functions make words and documents of them, the offline model their
 * vectors. Answers the ids of the entities by the names of the notes.
 */
export async function storeNotes(
  client: Client,
  userId: UserId,
  notes: readonly LabelledNote[],
): Promise<Map<string, string>> {
  const ids = new Map<string, string>(notes.map(({ id }) => [id, uuidv7()]))
  const tagIds = new Map([...new Set(notes.flatMap(({ tags = [] }) => tags))].map((tag) => [tag, uuidv7()]))
  const { vectors } = await provider.embed(
    notes.map(({ title, text }) => [title, text].filter((part) => part !== undefined).join('\n\n')),
    AbortSignal.timeout(600_000),
  )
  const rows = notes.map(({ id, tags = [], ...note }, place) => ({
    ...note,
    entity_id: ids.get(id),
    preview: Array.from(note.text).slice(0, 200).join(''),
    hash: sha256Hex(note.text),
    tags: tags.map((tag) => ({ id: tagIds.get(tag) })),
    vector: toVector(vectors[place] ?? []),
  }))
  await insertAll(client, userId, rows, tagIds)
  await query(client, {
    text: `insert into read_v1.entity_lexemes (entity_id, user_id, config, lexemes, names)
      select * from read_v1.make_documents($1::uuid[])`,
    values: [[...ids.values()]],
  })
  return ids
}

async function insertAll(
  client: Client,
  userId: UserId,
  rows: readonly object[],
  tagIds: ReadonlyMap<string, string>,
): Promise<void> {
  const from = `jsonb_to_recordset($2::jsonb) as n(entity_id uuid, type text, title text, text text, preview text,
    language text, hash text, tags jsonb, vector text)`
  const run = (text: string) => query(client, { text, values: [userId, JSON.stringify(rows)] })
  await run(`
    insert into read_v1.entities (entity_id, user_id, type, title, preview, language, content_sha256, subject_sha256,
      attachments, metadata, provenance, suggestions, rejected, version, sequence, created_at, updated_at)
    select entity_id, $1::uuid, type, title, preview, language, hash, hash, '[]', '{}', '{}', '[]', '[]', 1, 1, now(), now()
    from ${from}`)
  await query(client, {
    text: `insert into read_v1.tags (tag_id, user_id, name, name_sequence)
      select id, $1::uuid, name, 1 from unnest($2::uuid[], $3::text[]) as t(id, name)`,
    values: [userId, [...tagIds.values()], [...tagIds.keys()]],
  })
  await run(`
    insert into read_v1.entity_tags (entity_id, tag_id, user_id, provenance)
    select n.entity_id, (t.tag ->> 'id')::uuid, $1::uuid, '{}' from ${from}, jsonb_array_elements(n.tags) as t(tag)`)
  await run(`
    insert into read_v1.entity_texts (entity_id, content_sha256, producer, block, block_count, user_id, text_key, language,
      config, links, chunks, analysable, lexemes)
    select entity_id, hash, 'extract@1', 0, 1, $1::uuid, 'none', language, c, '[]', '[]', true,
      read_v1.to_lexemes(c, text, 'C') from ${from}, read_v1.text_config(language) as c`)
  await run(`
    insert into read_v1.entity_vectors (entity_id, content_sha256, producer, block, chunk, user_id, model, char_start,
      char_end, embedding)
    select entity_id, hash, '${model}@1536@whole', 0, 0, $1::uuid, '${model}', 0, 1, vector::public.halfvec(1536)
    from ${from}`)
  await query(client, {
    text: `insert into read_v1.user_models as m (user_id, model, vectors) values ($1::uuid, '${model}', $2::int)
      on conflict (user_id, model) do update set vectors = m.vectors + excluded.vectors`,
    values: [userId, rows.length],
  })
}

/** The question as the offline model sees it. */
export async function embedQuestion(q: string): Promise<{ values: Float32Array; model: string }> {
  const { vectors } = await provider.embed([q], AbortSignal.timeout(60_000))
  const [values] = vectors
  if (values === undefined) throw new Error('a question has no vector')
  return { values, model }
}
