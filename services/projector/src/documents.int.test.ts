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
