import type { BenchServers } from '../servers.ts'

const users = 100
const days = 60

/** Where the time of the test begins; the last event is `days` later. */
const beginning = '2026-09-01T00:00:00Z'

const types = `array['entity.title_changed', 'entity.updated', 'entity.tagged', 'entity.untagged']`

/** The events of all users in turn, at even distances; an aggregate has ten of its user's, one after the other. A schema for each type. */
const staged = (events: number) => `
  create unlogged table public.staged as
  select at as occurred_at,
         (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 19))::uuid as event_id,
         md5('user' || n % ${users})::uuid as user_id, (n / ${users} + 1)::bigint as sequence,
         md5('aggregate' || n % ${users} || '/' || n / (10 * ${users}))::uuid as aggregate_id,
         n / ${users} % 10 + 1 as version, n / ${users} % 4 + 1 as schema_no,
         (${types})[n / ${users} % 4 + 1] as event_type,
         'api' as source, 'user' as actor_kind, null::uuid as actor_id, md5('trace' || n)::uuid as correlation_id,
         null::uuid as causation_id,
         jsonb_build_object('title', 'Buy oat milk and call the plumber ' || n, 'oldTitle', 'Buy milk ' || n) as delta,
         null::jsonb as extra, null::text as traceparent, null::text as tracestate
    from (
      select n, timestamptz '${beginning}' + n * interval '${days} days' / ${events} as at
        from generate_series(0, ${events - 1}) n
    ) numbered;
  insert into log.schemas (fingerprint, schema_id, schema, event_type, aggregate_type)
    select sha256(no::text::bytea), no, '{}', type, 'entity' from unnest(${types}) with ordinality as t (type, no);`

const columns = `occurred_at, event_id, user_id, sequence, aggregate_id, version, schema_no, event_type, source,
  actor_kind, actor_id, correlation_id, causation_id, delta, extra, traceparent, tracestate`

/** What events-writer keeps beside the events. */
const sideTables = `
  insert into log.user_days select user_id, (occurred_at at time zone 'UTC')::date, min(sequence), max(sequence),
      min(occurred_at), max(occurred_at) from public.staged group by 1, 2;
  insert into log.daily_counts select user_id, (occurred_at at time zone 'UTC')::date, event_type, count(*)
      from public.staged group by 1, 2, 3;
  insert into log.aggregates select aggregate_id, (array_agg(user_id))[1], 'entity', max(version), min(sequence),
      max(sequence), min(occurred_at), max(occurred_at) from public.staged group by 1;
  insert into log.user_positions select user_id, max(sequence) from public.staged group by 1;`

/** The b-trees of the log, and the one that a plain table would be given for its ranges of time. */
const btrees = (table: string) => `
  alter table ${table} add primary key (event_id, occurred_at);
  create index on ${table} (user_id, sequence);
  create index on ${table} (user_id, occurred_at);
  create index on ${table} (aggregate_id, version);
  create index on ${table} (correlation_id);`

/** By the month, as one would for so few. */
const partitions = Array.from(
  { length: 3 },
  (_, month) =>
    `create table bench.part_${month} partition of bench.part for values
       from (timestamptz '${beginning}' + interval '${month} months') to (timestamptz '${beginning}' + interval '${month + 1} months');`,
).join('\n')

/** Everything that a question asks for is in the index: the row itself is never read. */
const covering = (by: string, rest: string) => `create index on bench.covered (${by}) include (${rest});`

export const peerTables = ['bare', 'plain', 'part', 'hyper'] as const
export type PeerTable = (typeof peerTables)[number]

/** Makes the same events the content of the log and of each peer's table. */
export async function fillTables(
  servers: BenchServers,
  database: string,
  events: number,
  say: (text: string) => void,
): Promise<void> {
  const run = (sql: string) => servers.sql(database, sql)
  say(`${events} events are made`)
  await run(`create schema bench; grant usage on schema bench to public; ${staged(events)}`)
  say('into the log')
  await run(`insert into log.events (${columns}) select ${columns} from public.staged; ${sideTables}`)
  const [place] = await run(
    `select quote_ident(n.nspname) from pg_extension e join pg_namespace n on n.oid = e.extnamespace
       where e.extname = 'timescaledb';`,
  )
  if (place === undefined) throw new Error('the database has no TimescaleDB')
  say('into the tables of the peers')
  const from = `select ${columns} from public.staged`
  await run(
    `create table bench.bare as ${from}; create table bench.plain as ${from}; ${btrees('bench.plain')}`,
  )
  await run(`create table bench.part (like bench.bare) partition by range (occurred_at); ${partitions}
    insert into bench.part ${from}; ${btrees('bench.part')}`)
  await run(`create table bench.hyper (like bench.bare); alter table bench.hyper alter column occurred_at set not null;
    select ${place}.create_hypertable('bench.hyper', 'occurred_at', chunk_time_interval => interval '7 days',
      create_default_indexes => false);
    insert into bench.hyper ${from}; ${btrees('bench.hyper')}`)
  await run(`create table bench.covered as ${from};
    ${covering('user_id, sequence', 'occurred_at, event_id, aggregate_id, version, event_type, delta')}
    ${covering('user_id, occurred_at', 'sequence, event_id, aggregate_id, version, event_type, delta')}
    ${covering('aggregate_id, version', 'user_id, occurred_at, sequence, event_id, event_type, delta')}
    create table bench.rollup as select * from log.daily_counts;
    create unique index on bench.rollup (user_id, day, event_type) include (events);
    drop table public.staged; grant select on all tables in schema bench to public;`)
  await run('vacuum (freeze, analyze);')
  await run('checkpoint;')
}

export interface Asked {
  userId: string
  aggregateId: string
  /** Seven days, the last one not included; the same as days, both included. */
  from: string
  to: string
  firstDay: string
  lastDay: string
}

const iso = (at: number) => new Date(at).toISOString()
const dayMs = 86_400_000

/** Who and what is asked about, the same for everybody: one line per question. */
export async function drawAsked(
  servers: BenchServers,
  database: string,
  count: number,
  random: () => number,
): Promise<Asked[]> {
  const rows = await servers.sql(
    database,
    `select user_id, aggregate_id from log.aggregates order by md5(aggregate_id::text || '${random()}') limit ${count};`,
  )
  return rows.map((row) => {
    const [userId = '', aggregateId = ''] = row.split('|')
    const from = Date.parse(beginning) + Math.floor(random() * (days - 7)) * dayMs
    return {
      userId,
      aggregateId,
      from: iso(from),
      to: iso(from + 7 * dayMs),
      firstDay: iso(from).slice(0, 10),
      lastDay: iso(from + 6 * dayMs).slice(0, 10),
    }
  })
}
