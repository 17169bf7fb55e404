import { createPool, type Pool, query } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'

/** Vectors of one user at the size where exact search ends; those of others lie between them. */
const [own, others, questions] = [20_000, 5_000, 40]

/** The same numbers three times: as they are kept, and as they could be. */
const kinds = [
  { name: 'halfvec, inline', table: 'half_inline', type: 'halfvec', storage: 'plain' },
  { name: 'vector, inline', table: 'full_inline', type: 'vector', storage: 'plain' },
  { name: 'vector, out of line (the default)', table: 'full_toast', type: 'vector', storage: 'external' },
] as const

let database: TestDatabase
let pool: Pool
beforeAll(async () => {
  database = await createTestDatabase(['projector'])
  pool = createPool({ url: database.url, applicationName: 'measure', max: 1, statementTimeoutMs: 600_000 })
  // like embeddings: some hundred subjects, and every text a little off its subject
  await database.superuserSql(`
    select setseed(0.42);
    create schema measured;
    create table measured.subjects as
      select s, array(select random() - 0.5 from generate_series(1, 1536) where s > 0) as at from generate_series(1, 200) s;
    create table measured.points as
      select i, i <= ${own} as mine, array(
        select a + 0.5 * (random() - 0.5) from unnest(at) as a)::real[]::vector(1536) as v
      from generate_series(1, ${own + others}) i join measured.subjects on s = 1 + (i * 7919) % 200 order by random();
    create table measured.questions as
      select i, array(select a + 0.5 * (random() - 0.5) from unnest(at) as a)::real[]::vector(1536) as v
      from generate_series(1, ${questions}) i join measured.subjects on s = 1 + (i * 31) % 200;
    grant usage on schema measured to public;`)
  for (const { table, type, storage } of kinds) {
    await database.superuserSql(`
      create table measured.${table} (i int primary key, mine boolean not null, v ${type}(1536) not null);
      alter table measured.${table} alter column v set storage ${storage};
      insert into measured.${table} select i, mine, v::${type}(1536) from measured.points;
      create index on measured.${table} (mine);
      vacuum analyze measured.${table};`)
  }
  await database.superuserSql('grant select on all tables in schema measured to public;')
}, 900_000)
afterAll(async () => {
  await pool.end()
  await database.close()
})

const rows = <T extends object>(text: string, values: unknown[] = []) => query<T>(pool, { text, values })

/** The ten nearest of the user's, by comparing all of them, and the milliseconds that took in the server. */
async function nearest({ table, type }: Pick<(typeof kinds)[number], 'table' | 'type'>, question: number) {
  const text = `select i from measured.${table} where mine
    order by v operator(public.<=>) (select v::public.${type}(1536) from measured.questions where i = ${question}), i limit 10`
  const from = performance.now()
  const found = await rows<{ i: number }>(text)
  return { ids: found.map(({ i }) => i), ms: performance.now() - from }
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

it('halfvec or vector: bytes, milliseconds of an exact search, and what is found', async () => {
  const report: Record<string, string | number>[] = []
  const truth = new Map<number, number[]>()
  for (let question = 1; question <= questions; question += 1) {
    truth.set(question, (await nearest({ table: 'full_inline', type: 'vector' }, question)).ids)
  }
  for (const kind of kinds) {
    const [size] = await rows<{ bytes: number }>(
      `select pg_total_relation_size('measured.${kind.table}')::float8 as bytes`,
    )
    const times: number[] = []
    let hits = 0
    for (let question = 1; question <= questions; question += 1) {
      const { ids, ms } = await nearest(kind, question)
      times.push(ms)
      hits += ids.filter((id) => truth.get(question)?.includes(id) === true).length
    }
    report.push({
      kind: kind.name,
      'bytes per vector': Math.round((size?.bytes ?? 0) / (own + others)),
      [`ms, exact over ${own}`]: Math.round(median(times) * 10) / 10,
      'recall@10': hits / (10 * questions),
    })
  }
  process.stdout.write(`${report.map((row) => JSON.stringify(row)).join('\n')}\n`)
  expect(report.every((row) => Number(row['recall@10']) >= 0.99)).toBe(true)
}, 900_000)
