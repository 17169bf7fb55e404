import { createPool, type Pool, query } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inTransaction } from '../database.ts'

let database: TestDatabase
let pool: Pool

beforeAll(async () => {
  database = await createTestDatabase(['ingest'])
}, 300_000)

afterAll(async () => {
  await pool?.end()
  await database?.close()
})

/** Rows of a hundred users; `published` is an expression over `n`. */
const fill = (rows: number, published: string) =>
  database.superuserSql(`
    insert into write.outbox (event_id, event_type, user_id, aggregate_id, aggregate_type, version, sequence, occurred_at,
        source, correlation_id, actor_kind, delta, schema_fingerprint, published_at)
      select gen_random_uuid(), 'entity.created', ('00000000-0000-4000-8000-' || lpad((n % 100)::text, 12, '0'))::uuid,
             gen_random_uuid(), 'entity', 1, n, now(), 'api', gen_random_uuid(), 'user', '\\x00', sha256('x'), ${published}
        from generate_series(1, ${rows}) n`)

/** How many rows of the outbox a look fetches, on a connection that has planned nothing yet. */
async function fetchedBy(limit: number) {
  await pool?.end()
  pool = createPool({ url: database.url, applicationName: 'unpublished-test', max: 1 })
  return inTransaction(pool, async (client) => {
    const rows = await query<{ id: number }>(client, {
      text: `select u.id from write.unpublished($1::int, '{}'::int8multirange) u`,
      values: [limit],
    })
    const [counted] = await query<{ fetched: number }>(client, {
      text: `
        select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint as fetched
          from pg_stat_xact_user_tables where schemaname = 'write' and relname like 'outbox%'`,
    })
    return { ids: rows.map(({ id }) => id), fetched: counted?.fetched ?? 0 }
  })
}

describe('a look at the outbox', () => {
  const states: [string, () => Promise<unknown>][] = [
    ['nobody has counted', () => fill(3_000, 'null')],
    ['the planner takes all to wait', () => database.superuserSql('analyze write.outbox')],
    [
      'the planner takes nothing to wait',
      async () => {
        await database.superuserSql('update write.outbox set published_at = now()')
        await database.superuserSql('vacuum analyze write.outbox')
        await fill(3_000, 'null')
      },
    ],
    [
      'somebody is held back',
      () =>
        database.superuserSql(
          `insert into write.relay_quarantine (user_id, outbox_id, event_id, sequence, reason)
             select user_id, id, event_id, sequence, 'test' from write.outbox where published_at is null
              order by id limit 3`,
        ),
    ],
  ]
  for (const [what, prepare] of states) {
    it(`given thousands wait and ${what}, it reads no further than it has to, in order`, async () => {
      await prepare()
      const { ids, fetched } = await fetchedBy(10)
      const expected = await database.superuserSql(
        `select id from write.outbox where published_at is null and user_id not in (select user_id from write.relay_quarantine)
          order by id limit 10`,
      )
      expect(ids).toEqual(expected.map(Number))
      expect(fetched).toBeLessThan(100)
    })
  }
})
