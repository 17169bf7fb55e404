import type { AggregateId } from '@synap/core'
import {
  countEvents,
  createEventLog,
  type EventFilter,
  type EventLog,
  type EventPage,
  findAggregateEvents,
  findEvents,
  logPlans,
} from '@synap/event-log'
import { type Client, createPool, type Pool, query, transaction } from '@synap/postgres'
import { createTestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LogDatabase, logDatabases, logLayouts } from './databases.ts'
import { begin, createDice, dayMs, expected, tellRandomly } from './random-story.ts'
import { deliver, newInboxOn } from './store.ts'
import { createStory, type Story } from './story.ts'

const [, , , , onMixedChunks] = logLayouts
const roles = ['synap_query', 'synap_ingest', 'synap_projector', 'synap_operator']
const views = ['own_events', 'own_events_newest', 'own_versions', 'own_days', 'own_counts']
const ids = (events: readonly { id: string }[]) => events.map(({ id }) => id)

describe.each([...logDatabases, onMixedChunks])('the views of the log on %s', (_name, open) => {
  const anna = createStory()
  const bert = createStory()
  const dice = createDice(22)
  tellRandomly(anna, dice)
  tellRandomly(bert, dice)
  const types = [...new Set(anna.events.map(({ type }) => type))]
  // accounted for and not in the log: many in a row, and some in between
  const isParked = (sequence: number) => sequence % 7 === 0 || (sequence > 150 && sequence < 230)
  const there: Story = { ...anna, events: anna.events.filter(({ envelope }) => !isParked(envelope.sequence)) }
  let database: LogDatabase
  let pool: Pool
  let log: EventLog

  beforeAll(async () => {
    database = await open()
    ;({ pool } = database)
    log = createEventLog({ pool, role: 'synap_query' })
    await deliver(newInboxOn(pool), [...anna.events, ...bert.events])
    await database.sql(`delete from log.events where user_id = '${anna.userId}'
      and (sequence % 7 = 0 or (sequence > 150 and sequence < 230))`)
    await database.sql(`truncate log.user_days, log.daily_counts`)
    await database.sql(`insert into log.user_days select user_id, (occurred_at at time zone 'UTC')::date, min(sequence),
      max(sequence), min(occurred_at), max(occurred_at) from log.events group by 1, 2`)
    await database.sql(`insert into log.daily_counts select user_id, (occurred_at at time zone 'UTC')::date, event_type,
      count(*) from log.events group by 1, 2, 3`)
    // It sees whose rows it is asked about, before any other condition if it may: it is said to cost next to nothing.
    await database.sql(`create function log.spy(owner uuid) returns boolean language plpgsql cost 0.0000001 as $$
      begin
        if owner is distinct from nullif(current_setting('synap.user_id', true), '')::uuid then
          raise exception 'a row of somebody else';
        end if;
        return true;
      end $$`)
  }, 120_000)
  afterAll(() => database.close())

  it('given any range and page, they show what the function finds, each event to the last column', async () => {
    let some = 0
    for (let turn = 0; turn < 150; turn += 1) {
      // often the very time of an event
      const time = () =>
        dice(2) === 0
          ? begin + dice(15 * dayMs)
          : there.events[dice(there.events.length)]?.envelope.occurredAt
      const [from, to] = [time(), time()]
      const filter: EventFilter = {
        from: dice(3) === 0 ? undefined : from,
        to: dice(3) === 0 ? undefined : to,
      }
      const page: EventPage = {
        order: turn % 2 === 0 ? 'oldest' : 'newest',
        limit: 1 + dice(150),
        ...(dice(3) === 0 ? { above: dice(400) } : {}),
        ...(dice(3) === 0 ? { below: dice(400) } : {}),
      }
      const asked = JSON.stringify({ filter, page })
      await log.ask(anna.userId, async (client) => {
        const seen = await findEvents(client, filter, page)
        expect(ids(seen), asked).toEqual(expected(there, filter, page))
        // a list of all types leaves nothing out, and is answered by the function
        expect(seen, asked).toEqual(await findEvents(client, { ...filter, types }, page))
        if (seen.length > 0) some += 1
      })
    }
    expect(some).toBeGreaterThan(60)
  }, 120_000)

  it('given an aggregate, its versions up to any other and up to any sequence', async () => {
    const [{ envelope: first }] = anna.events as [Story['events'][number]]
    const { aggregateId } = first
    const own = there.events.filter(({ envelope }) => envelope.aggregateId === aggregateId)
    for (let turn = 0; turn < 60; turn += 1) {
      const range = {
        above: dice(5),
        to: dice(3) === 0 ? undefined : dice(60),
        upToSequence: dice(3) === 0 ? undefined : dice(420),
      }
      const limit = 1 + dice(40)
      const fitting = own.filter(
        ({ envelope: { version, sequence } }) =>
          version > range.above &&
          version <= (range.to ?? 1_000) &&
          sequence <= (range.upToSequence ?? 1_000),
      )
      await log.ask(anna.userId, async (client) => {
        const seen = await findAggregateEvents(client, aggregateId, range, limit)
        const wanted = ids(fitting.slice(0, limit).map(({ envelope }) => envelope))
        expect(ids(seen), JSON.stringify(range)).toEqual(wanted)
        const values = [aggregateId, range.above, range.to ?? null, range.upToSequence ?? null, limit]
        const text = `select event_id as id, correlation_id as "correlationId" from log.aggregate_events(
          $1::uuid, $2::int, $3::int, $4::bigint, $5::int)`
        expect(seen.map(({ id, correlationId }) => ({ id, correlationId }))).toEqual(
          await query(client, { text, values }),
        )
      })
    }
  })

  it('given the plans that are kept, rows are read in their order: nothing is sorted, and nothing stands between', async () => {
    const [{ envelope }] = anna.events as [Story['events'][number]]
    // of so little nothing is worth an index
    await database.sql(`insert into log.events (occurred_at, event_id, user_id, sequence, aggregate_id, version, schema_no,
        event_type, source, actor_kind, correlation_id, delta)
      select to_timestamp(${begin / 1_000} + n * 60), gen_random_uuid(), md5((n % 20)::text)::uuid, n,
        md5(n::text)::uuid, 1, 1, '', '', '', gen_random_uuid(), '{}' from generate_series(1, 20000) n`)
    await database.sql(`insert into log.daily_counts
      select md5((n % 50)::text)::uuid, date '2026-03-01' + n / 50, '', 1 from generate_series(1, 5000) n`)
    await database.sql('analyze log.events, log.daily_counts')
    await log.ask(anna.userId, async (client) => {
      for (const order of ['oldest', 'newest'] as const) {
        await findEvents(client, {}, { order, limit: 50 })
        await findEvents(client, { from: begin, to: begin + 7 * dayMs }, { order, limit: 1_000 })
      }
      await findAggregateEvents(client, envelope.aggregateId, {}, 200)
      await findAggregateEvents(client, envelope.aggregateId, { above: 1, to: 9, upToSequence: 99 }, 200)
      await countEvents(client, { from: '2026-03-02', to: '2026-03-05' })
      const asked = await query<{ name: string; statement: string }>(client, {
        text: `select name, statement from pg_prepared_statements where name like 'log.own%' order by 1`,
      })
      expect(asked.map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          'log.own_counts',
          'log.own_events',
          'log.own_events_between',
          'log.own_events_newest',
          'log.own_events_newest_between',
          'log.own_versions',
          'log.own_versions_above_to_at',
        ]),
      )
      for (const { name, statement } of asked) {
        const plan = await query<{ 'QUERY PLAN': string }>(client, {
          text: `explain (generic_plan, costs off) ${statement}`,
        })
        const lines = plan.map((row) => row['QUERY PLAN']).join('\n')
        expect(
          [
            name,
            lines.match(/(^|-> {2}|Incremental )Sort|Bitmap|Custom Scan|Seq Scan on (events|_hyper|daily)/gm),
          ],
          lines,
        ).toEqual([name, null])
        // no condition waits behind the barrier
        expect(lines).not.toMatch(/Subquery Scan.*\n *Filter/)
        expect(lines).toMatch(/Index Scan (Backward )?using \S*(events_by_|daily_counts_pkey)/)
      }
    })
  })

  it('given a condition that tells what it sees, it sees no row of another, in any role', async () => {
    for (const role of roles) {
      for (const view of views) {
        for (const userId of [anna.userId, bert.userId, undefined]) {
          const principal = userId === undefined ? { role } : { role, userId }
          const text = `select distinct user_id from log.${view} where log.spy(user_id)`
          const seen = await transaction(pool, principal, (client) => query(client, { text }), logPlans)
          expect([role, view, seen]).toEqual([role, view, userId === undefined ? [] : [{ user_id: userId }]])
        }
      }
    }
    // It does tell where nothing keeps rows from it.
    await expect(
      transaction(pool, { role: 'synap_events_writer', userId: anna.userId }, (client) =>
        query(client, { text: 'select from log.events where log.spy(user_id)' }),
      ),
    ).rejects.toMatchObject({ fields: { sqlstate: 'P0001' } })
  })

  it('given an aggregate of another, its id leads nowhere', async () => {
    const [{ envelope }] = anna.events as [Story['events'][number]]
    const own = (client: Client) => findAggregateEvents(client, envelope.aggregateId, {}, 100)
    expect(await log.ask(bert.userId, own)).toEqual([])
    expect((await log.ask(anna.userId, own)).length).toBeGreaterThan(0)
  })
})

describe('a pooled connection', () => {
  it('given that it has just served another, or serves nobody, its kept plans show the user of the transaction alone', async () => {
    await using database = await createTestDatabase(['events-writer'])
    const writing = createPool({ url: database.url, applicationName: 'events-writer-test' })
    const one = createPool({ url: database.url, applicationName: 'events-writer-test', max: 1 })
    try {
      const stories = [createStory(), createStory()]
      for (const story of stories) tellRandomly(story, createDice(3))
      await deliver(
        newInboxOn(writing),
        stories.flatMap(({ events }) => events),
      )
      const page = { order: 'newest', limit: 1_000 } as const
      const ask = (client: Client, story: Story) =>
        Promise.all([
          findEvents(client, {}, page),
          findEvents(client, { from: begin, to: begin + 30 * dayMs }, { ...page, order: 'oldest' }),
          findAggregateEvents(client, story.events[0]?.envelope.aggregateId as AggregateId, {}, 1_000),
        ])
      // more often than Postgres waits before it keeps a plan
      for (let turn = 0; turn < 8; turn += 1) {
        for (const story of stories) {
          const principal = { role: 'synap_query', userId: story.userId }
          const own = await transaction(one, principal, (client) => ask(client, story), logPlans)
          expect(own.map((events) => new Set(events.map(({ userId }) => userId)))).toEqual(
            own.map(() => new Set([story.userId])),
          )
          const nobody = { role: 'synap_query' }
          expect(await transaction(one, nobody, (client) => ask(client, story), logPlans)).toEqual([
            [],
            [],
            [],
          ])
        }
      }
      const plans = await query<{ generic: number; custom: number }>(one, {
        text: `select generic_plans::int as generic, custom_plans::int as custom from pg_prepared_statements
          where name like 'log.own%'`,
      })
      expect(plans).toEqual(Array.from({ length: 3 }, () => ({ generic: 32, custom: 0 })))
      // How many chunks there are is asked once a minute.
      const [asked] = await query<{ times: number }>(one, {
        text: `select (generic_plans + custom_plans)::int as times from pg_prepared_statements
          where name = 'log.has_few_chunks'`,
      })
      expect(asked?.times).toBeLessThan(8)
    } finally {
      await one.end()
      await writing.end()
    }
  })
})
