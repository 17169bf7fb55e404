import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { describe, expect, it } from 'vitest'

// What each index of `log.events` costs and gives.

const events = 300_000
const turns = 6
const users = 20
/** Events of one user in a day of the test, thirty days in all. */
const perDay = events / users / 30

const staged = `
  create unlogged table public.staged as
  select timestamptz '2026-09-01' + (n / ${users}) * interval '1 day' / ${perDay} as occurred_at,
         (lpad(to_hex(1756684800000 + n * 8640::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 19))::uuid as event_id,
         md5('user' || n % ${users})::uuid as user_id,
         n / ${users} + 1 as sequence,
         -- an aggregate has ten events, spread over all the days
         md5('aggregate' || n % (${events} / 10))::uuid as aggregate_id,
         n / (${events} / 10) + 1 as version,
         md5('trace' || n / (2 * ${users}) || '/' || n % ${users})::uuid as correlation_id,
         case when n % 5 = 0 then md5('event' || n)::uuid end as causation_id,
         'entity.title_changed' as event_type
    from generate_series(0, ${events - 1}) n;
  insert into log.schemas (fingerprint, schema_id, schema, event_type, aggregate_type)
    values (sha256('x'), 1, '{}', 'entity.title_changed', 'entity');`

const load = `
  insert into log.events (occurred_at, event_id, user_id, sequence, aggregate_id, version, schema_no, event_type,
      source, actor_kind, correlation_id, causation_id, delta)
    select occurred_at, event_id, user_id, sequence, aggregate_id, version, 1, event_type, 'api', 'user',
           correlation_id, causation_id, '{"title": "Buy milk tomorrow", "oldTitle": null}'
      from public.staged`

const accounts = `
  insert into log.user_days select user_id, (occurred_at at time zone 'UTC')::date, min(sequence), max(sequence),
      min(occurred_at), max(occurred_at) from log.events group by 1, 2;
  insert into log.daily_counts select user_id, (occurred_at at time zone 'UTC')::date, event_type, count(*)
      from log.events group by 1, 2, 3;
  insert into log.aggregates select aggregate_id, (array_agg(user_id))[1], 'entity', max(version), min(sequence),
      max(sequence), min(occurred_at), max(occurred_at) from log.events group by 1;
  analyze log.events;`

const indexes = {
  events_by_aggregate: 'create index events_by_aggregate on log.events (aggregate_id, version)',
  events_by_correlation: 'create index events_by_correlation on log.events (correlation_id)',
  events_by_cause: 'create index events_by_cause on log.events (causation_id) where causation_id is not null',
}
type Index = keyof typeof indexes
const names = Object.keys(indexes) as Index[]

/** Ids of the user whose questions are measured, taken at random. */
const asked = `
  create table public.asked as
    select event_id, aggregate_id, correlation_id from public.staged
      where user_id = md5('user7')::uuid order by random() limit 100`
const next = (column: string) =>
  `(select ${column} from public.asked limit 1 offset floor(random() * 100)::int)`

const questions: Record<Index, string> = {
  events_by_aggregate: `select count(*) from log.own_versions where aggregate_id = ${next('aggregate_id')} and version <= 99`,
  events_by_correlation: `select count(*) from
    log.find_events(null, null, ${next('correlation_id')}, null, null, null, null, false, 100)`,
  events_by_cause: `select count(*) from log.effects_of(${next('event_id')}, 100)`,
}

async function milliseconds(database: TestDatabase, statement: string, times: number): Promise<number> {
  const rows = await database.superuserSql(`
    create temp table took (ms float8);
    do $do$
    declare begun timestamptz;
    begin
      perform set_config('synap.user_id', md5('user7')::uuid::text, false);
      for turn in 1 .. ${times} loop
        begun := clock_timestamp();
        execute $q$${statement}$q$;
        insert into took values (extract(epoch from clock_timestamp() - begun) * 1000);
      end loop;
    end
    $do$;
    select 'ms', percentile_cont(0.5) within group (order by ms) from took;`)
  return Number(rows.at(-1)?.split('|')[1])
}

describe('the indexes of the log', () => {
  it('given 300,000 events in thirty chunks, what each costs a writer and saves a reader', {
    timeout: 900_000,
  }, async () => {
    await using database = await createTestDatabase(['events-writer'])
    await database.superuserSql(`${staged} ${asked}`)
    for (const name of names) await database.superuserSql(`drop index log.${name}`)
    const sets: (readonly Index[])[] = [[], ...names.map((name) => [name]), names]
    const best = sets.map(() => Number.POSITIVE_INFINITY)
    // Turn by turn, and the fastest counts: what is slower is the machine's other work.
    for (let turn = 0; turn < turns; turn += 1) {
      for (const [at, wanted] of sets.entries()) {
        await database.superuserSql(`truncate log.events; ${names.map((name) => `drop index if exists log.${name};`).join('')}
          ${wanted.map((name) => `${indexes[name]};`).join('')} checkpoint;`)
        best[at] = Math.min(best[at] ?? 0, await milliseconds(database, load, 1))
      }
    }
    const [bare = 0] = best
    const report = sets.map(
      (wanted, at) =>
        `${wanted.join(' + ') || 'none of them'}: ${((best[at] ?? 0) / bare).toFixed(2)} (${((1000 * (best[at] ?? 0)) / events).toFixed(1)} µs per event)`,
    )
    const sizes = await database.superuserSql(`
      select split_part(c.relname, 'chunk_', 2), round(sum(pg_relation_size(c.oid)) / ${events}) from pg_class c
        where c.relname like '\\_hyper%chunk%' group by 1 order by 1`)
    await database.superuserSql(accounts)
    for (const name of names) {
      const having = await milliseconds(database, questions[name], 30)
      await database.superuserSql(`begin; drop index log.${name}; commit;`)
      const lacking = await milliseconds(database, questions[name], 10)
      await database.superuserSql(indexes[name])
      report.push(
        `${name}: its question takes ${(lacking / having).toFixed(1)} times as long without (${having.toFixed(2)} ms with)`,
      )
    }
    process.stdout.write(`${[...report, ...sizes].join('\n')}\n`)
    expect(report).toHaveLength(8)
  })
})
