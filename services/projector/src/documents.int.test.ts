import { uuidv7 } from '@synap/core'
import { createPool, type Pool, query, transaction } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { projectorRole } from './config.ts'

describe('words of documents', () => {
  let database: TestDatabase
  let pool: Pool
  beforeAll(async () => {
    database = await createTestDatabase(['projector'])
    pool = createPool({ url: database.url, applicationName: 'test', statementTimeoutMs: 60_000 })
  }, 600_000)
  afterAll(async () => {
    await pool?.end()
    await database?.close()
  })

  const ask = <T>(text: string, values: readonly unknown[]) =>
    transaction(pool, { role: projectorRole }, (client) => query<T>(client, { text, values }))
  const configs = ['simple', 'english', 'german', 'french']
  const words = fc.constantFrom(
    'Reading',
    'the',
    'Übungen',
    'naïve',
    'v2',
    'a-b',
    'tea',
    'x',
    'Straßenbahn',
    'notes_2026.md',
  )
  const texts = fc.oneof(
    fc.array(words, { maxLength: 6 }).map((some) => some.join(' ')),
    fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => text.replaceAll('\0', '')),
  )
  const cases = fc.sample(fc.tuple(fc.option(texts), fc.option(texts), fc.constantFrom(...configs)), {
    numRuns: 300,
    seed: 25,
  })
  const columns = [
    cases.map(([title]) => title),
    cases.map(([, tags]) => tags),
    cases.map(([, , config]) => config),
  ]
  const given = 'unnest($1::text[], $2::text[], $3::text[]) as c (title, tags, config)'

  it('given any title and tags, names are their words in each configuration and the keys of the longer ones, once', async () => {
    const plain = `(
      with words as (
        select distinct lexed.word
        from unnest(array['simple', c.config, 'english']) as each (config),
          unnest(tsvector_to_array(to_tsvector(each.config::regconfig, concat_ws(' ', c.title, c.tags)))) as lexed (word)
        where lexed.word <> ''
      )
      select coalesce(array_to_tsvector(array_agg(entry)), '') from (
        select word as entry from words
        union
        select unnest(read_v1.typo_keys(word)) from words where length(word) between 4 and 24 and word !~ '[0-9[:punct:]]'
      ) as entries)`
    const rows = await ask<{ same: boolean; title: string; names: number }>(
      `select n.names = ${plain} as same, c.title, length(n.names) as names
       from ${given} cross join lateral (select read_v1.to_names(c.title, c.tags, array[c.config, 'english']) as names) as n`,
      columns,
    )
    expect(rows.filter(({ same }) => !same)).toEqual([])
    expect(rows.filter(({ names }) => names > 10).length).toBeGreaterThan(100)
  })

  it('given any text, long ones too, its words are those of both configurations with their weight', async () => {
    const long = 'Many words of a long text, again and again. '.repeat(1_200)
    const some = columns.map((column) => column.slice(0, 60))
    const rows = await ask<{ same: boolean }>(
      `select l.lexemes = setweight(to_tsvector('simple', coalesce(t.body, '')), 'B') || case when c.config = 'simple' then ''
           else setweight(to_tsvector(c.config::regconfig, coalesce(t.body, '')), 'B') end as same
       from ${given} cross join lateral (values (c.title), ($4::text || c.tags)) as t (body)
       cross join lateral (select read_v1.to_lexemes(c.config, t.body, 'B') as lexemes) as l`,
      [...some, long],
    )
    expect(rows.length).toBe(120)
    expect(rows.filter(({ same }) => !same)).toEqual([])
  })

  it('given any title, tags, preview and language, a document is made of the words and names of each', async () => {
    const marked = fc.constantFrom('<b', '<em class="a', '<!-- no', 'a < b', 'https://a.example/x')
    const titles = fc.option(fc.tuple(texts, fc.option(marked)).map((both) => both.filter(Boolean).join(' ')))
    const previews = fc.option(fc.tuple(texts, fc.constantFrom(0, 1, 40)), { freq: 8 })
    const languages = fc.constantFrom('en', 'de-CH', 'tlh', null)
    const tags = fc.uniqueArray(fc.oneof(words, fc.constantFrom('b>', 'two words', '-->')), { maxLength: 3 })
    const items = fc.sample(fc.tuple(titles, tags, previews, languages), { numRuns: 400, seed: 26 })
    const long = 'Many words of a long text, again and again. '.repeat(600)
    const userId = uuidv7()
    const entities = [...items, ['Long', ['notes'], [long, 0], 'de'] as const].map(
      ([title, names, preview, language]) => ({
        entity_id: uuidv7(),
        title,
        preview: preview === null ? null : preview[0] + ' Und so weiter.'.repeat(preview[1]),
        language,
        tags: names.map((name) => ({ tag_id: uuidv7(), name })),
      }),
    )
    const given = `jsonb_to_recordset($1::text::jsonb)
      as e (entity_id uuid, title text, preview text, language text, tags jsonb)`
    const values = [JSON.stringify(entities), userId]
    await ask(
      `insert into read_v1.entities (entity_id, user_id, type, title, preview, language, attachments, metadata, provenance,
         suggestions, rejected, version, sequence, created_at, updated_at)
       select entity_id, $2::uuid, 'note', title, preview, language, '[]', '{}', '{}', '[]', '[]', 1, 1, now(), now() from ${given}`,
      values,
    )
    const tagged = `${given}, jsonb_to_recordset(e.tags) as t (tag_id uuid, name text)`
    await ask(
      `insert into read_v1.tags (tag_id, user_id, name, name_sequence) select tag_id, $2::uuid, name, 1 from ${tagged}`,
      values,
    )
    await ask(
      `insert into read_v1.entity_tags (entity_id, tag_id, user_id, provenance)
       select entity_id, tag_id, $2::uuid, '{}' from ${tagged}`,
      values,
    )

    const rows = await ask<{ title: string; same: boolean; names: boolean; words: number }>(
      `select e.title, length(d.lexemes) as words, d.names = read_v1.to_names(n.title, g.names, array[c.config, 'english']) as names,
         d.config = c.config and d.lexemes = read_v1.to_lexemes(c.config, n.title, 'A') || read_v1.to_lexemes(c.config, g.names, 'B')
           || case when c.config = 'english' then '' else setweight(to_tsvector('english', coalesce(n.title, '')), 'A')
             || setweight(to_tsvector('english', coalesce(g.names, '')), 'B')
             || case when length(e.preview) < 200 then setweight(to_tsvector('english', e.preview), 'C') else '' end end
           || read_v1.to_lexemes(c.config, e.preview, 'C') as same
       from ${given}
       join read_v1.make_documents((select array_agg(entity_id) from read_v1.entities where user_id = $2::uuid)) as d using (entity_id)
       cross join lateral (select string_agg(t.name, ' ' order by t.name) as names
         from jsonb_to_recordset(e.tags) as t (name text)) as g
       cross join lateral (select concat_ws(' ', e.title,
         case when e.title ~ '\\w[._/-]\\w' then translate(e.title, '._/-', '    ') end) as title) as n
       cross join lateral (select read_v1.text_config(e.language) as config) as c`,
      values,
    )
    expect(rows.length).toBe(entities.length)
    expect(rows.filter(({ same, names }) => !same || !names)).toEqual([])
    expect(rows.filter((row) => row.words > 10).length).toBeGreaterThan(100)
  })

  it('given a text of too many words for the database, it is its beginning', async () => {
    const [row] = await ask<{ bytes: number; words: number }>(
      `select pg_column_size(l) as bytes, length(l) as words
       from read_v1.to_lexemes('english', (select string_agg(md5(i::text), ' ') from generate_series(1, 60000) as i), 'A') as l`,
      [],
    )
    expect(row?.bytes).toBeLessThanOrEqual(900_000)
    expect(row?.words).toBeGreaterThan(5_000)
  })
})
