import { type UserId, uuidv7 } from '@synap/core'
import { createPool, type Pool, query, transaction } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'

/** Rows of the one user that there was when tables were last analysed. */
const many = 2_000

let database: TestDatabase
let pool: Pool
let rich: { userId: UserId; item: string }
let newcomer: { userId: UserId; item: string }

beforeAll(async () => {
  database = await createTestDatabase(['ingest', 'events-writer', 'projector', 'enricher'])
  pool = createPool({ url: database.url, applicationName: 'planned-once', max: 1 })
  rich = { userId: uuidv7() as UserId, item: uuidv7() }
  newcomer = { userId: uuidv7() as UserId, item: uuidv7() }
  await database.superuserSql(`
    create table public.seeded as
      select '${rich.userId}'::uuid as user_id, '${rich.item}'::uuid as id
      union all select '${rich.userId}', gen_random_uuid() from generate_series(2, ${many});
    insert into read_v1.entities (entity_id, user_id, type, subject_sha256, attachments, metadata, provenance,
        suggestions, rejected, version, sequence, created_at, updated_at)
      select id, user_id, 'note', repeat('a', 64), '[]', '{}', '{}', '[]', '[]', 1, 1, now(), now() from public.seeded;
    insert into log.snapshots (aggregate_id, version, user_id, state_version, sequence, state, checksum)
      select id, 100, user_id, 1, 1, '', '' from public.seeded;
    insert into enrich.jobs (job_id, user_id, entity_id, content_hash, enricher_version, analysis_id, source,
        entity_type, based_on_version, event_id, sequence, captured_at, state)
      select id, user_id, id, repeat('a', 64), '1', id, 'title', 'note', 1, id, 1, now(), 'done' from public.seeded;
    insert into enrich.steps (job_id, ord, step, state) select id, 0, 'analyse', 'done' from public.seeded;
    insert into enrich.calls (call_id, user_id, entity_id, step, provider, model, day, input_tokens, output_tokens)
      select id, user_id, id, 'analyse', 'none', 'none', current_date, 1, 1 from public.seeded;`)
  await database.superuserSql('vacuum analyze;')
})
afterAll(async () => {
  await pool.end()
  await database.close()
})

/** Rows that were looked at in all tables of the services; at `$1` the item. */
function lookedAt({ userId, item }: typeof rich, call: string): Promise<{ found: number; rows: number }> {
  return transaction(
    pool,
    { role: 'synap_query', userId },
    async (client) => {
      const answer = await query(client, { text: `select * from ${call}`, values: [item] })
      const [read] = await query<{ rows: number }>(client, {
        text: `select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int as rows from pg_stat_xact_all_tables
          where schemaname in ('write', 'log', 'read_v1', 'enrich')`,
      })
      return { found: answer.length, rows: read?.rows ?? 0 }
    },
    { readOnly: true },
  )
}

it.each([
  'read_v1.item_status($1::uuid)',
  'log.snapshot_of($1::uuid, 1, null, null)',
  'enrich.item_status($1::uuid)',
  'enrich.item_cost($1::uuid)',
  'enrich.analyses_of($1::uuid)',
])('given a user without a row who asked first, then %s reads no others of one with many', async (call) => {
  // Plans are kept from the sixth on.
  for (let times = 1; times <= 6; times += 1) await lookedAt(newcomer, call)
  const { found, rows } = await lookedAt(rich, call)
  expect(found).toBe(1)
  expect(rows).toBeLessThan(100)
})

it('given what query may ask, then what is planned anew at each call is what is asked seldom', async () => {
  const found = await database.superuserSql(`
    select p.oid::regproc from pg_proc as p join pg_language as l on l.oid = p.prolang
    where l.lanname = 'sql' and (p.prosecdef or p.proconfig is not null)
      and p.pronamespace::regnamespace::text in ('write', 'log', 'read_v1', 'enrich')
      and has_function_privilege('synap_query', p.oid, 'execute');`)
  expect(found.toSorted()).toEqual([
    'enrich.control_of_me',
    'enrich.models_at_work',
    'enrich.pause_mine',
    'enrich.resume_mine',
    'enrich.retry_mine',
    'enrich.weigh_analysis',
    'enrich.weigh_embedding',
    'log.has_few_chunks',
  ])
})
