import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { deltaFromJson, type Envelope, encodeEnvelope, frame, type JsonObject } from '@synap/contracts'
import { createEventLog, findAggregateEvents, findEvents } from '@synap/event-log'
import type { MadeEvent } from '@synap/inbox/testing'
import { silentLogger } from '@synap/messaging'
import { createPool, migrate, type Pool, query, serverCapabilities, transaction } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fitChunks } from '../src/fit-chunks.ts'
import { prepareStorage } from '../src/prepare-storage.ts'
import { findChunkToCompress } from '../src/sql/storage.ts'
import { deliver, newHistory, openStore } from './store.ts'
import { createStory, newId } from './story.ts'

const role = 'synap_events_writer'
const directory = fileURLToPath(new URL('../migrations', import.meta.url))
const settings = { logChunkHours: 24, logRetentionDays: 0 }

async function withTimescale(): Promise<TestDatabase> {
  return createTestDatabase(['events-writer'])
}

/** A server where nobody installed TimescaleDB looks like this to the database. */
async function withoutTimescale(): Promise<TestDatabase> {
  const database = await createTestDatabase()
  await database.superuserSql('drop extension timescaledb cascade')
  const { pool } = openStore(database.url)
  await migrate(pool, { service: 'events-writer', schema: 'log', role, directory })
  await pool.end()
  return database
}

for (const [name, create, description] of [
  ['TimescaleDB', withTimescale, /^TimescaleDB [\d.]+, (Apache|full) edition$/],
  ['plain Postgres', withoutTimescale, /^plain Postgres, without TimescaleDB$/],
] as const) {
  describe(`the log on ${name}`, () => {
    let database: TestDatabase
    let pool: Pool
    let newInbox: ReturnType<typeof openStore>['newInbox']
    beforeEach(async () => {
      database = await create()
      ;({ pool, newInbox } = openStore(database.url))
    })
    afterEach(async () => {
      await pool.end()
      await database.close()
    })
    const count = () => database.superuserSql('select count(*), count(distinct event_id) from log.events')
    const accounts = () =>
      database.superuserSql(
        `select 'd', d::text from log.user_days d union all select 'a', a::text from log.aggregates a
         union all select 'c', c::text from log.daily_counts c order by 1, 2`,
      )

    it('given a start, it says what it found, and again the same', async () => {
      const found = await prepareStorage(pool, settings)
      expect(found.description).toMatch(description)
      expect(await prepareStorage(pool, settings)).toEqual(found)
    })

    it('given that old events would be dropped without an archive, it refuses', async () => {
      await expect(prepareStorage(pool, { ...settings, logRetentionDays: 730 })).rejects.toMatchObject({
        code: 'log.retention_without_archive',
        class: 'configuration',
      })
    })

    it('given events over many days, all are stored and accounted for', async () => {
      const history = newHistory(Date.UTC(2026, 0, 1))
      for (let i = 0; i < 5; i += 1) history.create(`note ${i}`)
      const old = newHistory(Date.UTC(2020, 5, 30, 23, 59, 58))
      for (let i = 0; i < 4; i += 1) old.create()
      await deliver(newInbox(), [...history.events, ...old.events])
      expect(await count()).toEqual(['9|9'])
      expect(
        await database.superuserSql(
          `select day, first_sequence, last_sequence from log.user_days where user_id = '${old.userId}' order by day`,
        ),
      ).toEqual(['2020-06-30|1|2', '2020-07-01|3|4'])
      expect(await database.superuserSql(`select sum(events), count(*) from log.daily_counts`)).toEqual([
        '9|3',
      ])
    })

    it('given a database without COPY, its rows are the same to the byte', async () => {
      const history = newHistory()
      const { aggregateId } = history.create('Grüße \u{1f95b} "{}" \\\\N \\t \n NULL $1 \'x\'')
      history.create()
      history.append('entity.title_changed', aggregateId, { title: '[1,"é"]', oldTitle: '{"a":[null]}' })
      const rows = () => database.superuserSql('select to_jsonb(e) from log.events e order by sequence')
      await deliver(newInbox(), history.events)
      const copied = await rows()
      expect(copied).toHaveLength(3)
      await database.superuserSql(
        'truncate log.events, log.user_days, log.aggregates, log.daily_counts, log.positions, log.user_positions',
      )
      const without = openStore(database.url, { ...serverCapabilities, copy: false })
      await deliver(without.newInbox(), history.events)
      await without.pool.end()
      expect(await rows()).toEqual(copied)
    })

    it('given a batch that the log has although the positions do not say so, nothing changes', async () => {
      const history = newHistory()
      for (let i = 0; i < 20; i += 1) history.create()
      await deliver(newInbox(), history.events.slice(0, 12))
      const before = await accounts()
      // positions restored from an older backup than the log
      await database.superuserSql('truncate log.positions, log.user_positions')
      await deliver(newInbox(), history.events.slice(0, 12))
      expect(await accounts()).toEqual(before)
      // and half known, half new
      await database.superuserSql('truncate log.positions, log.user_positions')
      await deliver(newInbox(), history.events)
      expect(await count()).toEqual(['20|20'])
      expect(await database.superuserSql('select sum(events) from log.daily_counts')).toEqual(['20'])
      expect(await database.superuserSql('select count(*) from log.parked')).toEqual(['0'])
    })

    it('given two writers with one position row, each event is written and counted once', async () => {
      const history = newHistory()
      for (let i = 0; i < 300; i += 1) history.create()
      const inboxes = [newInbox(), newInbox(), newInbox()]
      await Promise.all(inboxes.map((inbox) => deliver(inbox, history.events)))
      expect(await count()).toEqual(['300|300'])
      expect(await database.superuserSql('select sum(events) from log.daily_counts')).toEqual(['300'])
      expect(await database.superuserSql('select next_offset from log.positions')).toEqual(['300'])
      expect(await database.superuserSql('select count(*) from log.parked')).toEqual(['0'])
    })

    it('given what the log publishes to ingest, every event can be encoded again to the same bytes', async () => {
      // over midnight: in two days, two chunks
      const history = newHistory(Date.UTC(2026, 4, 1, 23, 59, 59))
      const { aggregateId } = history.create('Grüße, "日本" \\ 🎉')
      history.append('entity.title_changed', aggregateId, { title: null, oldTitle: 'x' })
      history.append('entity.deleted', aggregateId, {})
      await deliver(newInbox(), history.events)
      const rows = await transaction(pool, { role: 'synap_ingest' }, (client) =>
        query<Row>(client, {
          text: 'select * from log.events_between($1::uuid, 1, 9) order by sequence',
          values: [history.userId],
        }),
      )
      expect(rows.map(recordOf)).toEqual(history.events.map((event: MadeEvent) => event.value))
      expect(rows.map((row) => row.traceparent)).toEqual(
        history.events.map((event) => event.headers['traceparent']),
      )
    })

    it('given the roles of the others, they reach what is published to them and no table', async () => {
      const mine = newHistory()
      const other = newHistory()
      const { aggregateId } = mine.create('mine')
      mine.append('entity.title_changed', aggregateId, { title: 'b', oldTitle: 'mine' })
      const foreign = other.create('foreign').aggregateId
      await deliver(newInbox(), [...mine.events, ...other.events])
      const asQuery = (text: string, userId = mine.userId) =>
        transaction(pool, { role: 'synap_query', userId }, (client) => query(client, { text }))
      expect(
        await asQuery(`select version, sequence, parked from log.item_status('${aggregateId}')`),
      ).toEqual([{ version: 2, sequence: 2, parked: 0 }])
      expect(await asQuery(`select * from log.item_status('${foreign}')`)).toEqual([])
      expect(await asQuery(`select * from log.positions_of(array['${mine.userId}']::uuid[])`)).toEqual([
        { user_id: mine.userId, seen: 2 },
      ])
      const denied = { class: 'configuration', code: 'postgres.denied' }
      for (const table of ['events', 'parked', 'user_positions', 'schemas', 'aggregates']) {
        await expect(asQuery(`select * from log.${table}`)).rejects.toMatchObject(denied)
      }
      await expect(asQuery(`select * from log.events_between('${mine.userId}', 1, 9)`)).rejects.toMatchObject(
        denied,
      )
      await expect(asQuery(`select log.mark_parked('{1}', 'retry')`)).rejects.toMatchObject(denied)
    })
  })
}

describe('the log on TimescaleDB', () => {
  it('given the optional script, an edition that has continuous aggregates takes it, and the other says that it has none', async () => {
    await using database = await withTimescale()
    const script = readFileSync(new URL('../optional/continuous-aggregates.sql', import.meta.url), 'utf8')
    const [license] = await database.superuserSql(`select current_setting('timescaledb.license')`)
    const run = database.superuserSql(script)
    if (license === 'timescale') expect(await run).toEqual([])
    else await expect(run).rejects.toThrow(/not supported under the current "apache" license/)
  })

  it('given the migrations, log.events is a hypertable of its owner, and its chunks have the length asked for', async () => {
    await using database = await withTimescale()
    const { pool, newInbox } = openStore(database.url)
    try {
      await prepareStorage(pool, { ...settings, logChunkHours: 6 })
      const history = newHistory(Date.UTC(2026, 0, 1, 5, 59, 59))
      for (let i = 0; i < 2; i += 1) history.create()
      await deliver(newInbox(), history.events)
      expect(
        await database.superuserSql(
          `select h.owner, count(*) from timescaledb_information.hypertables h
           join timescaledb_information.chunks c using (hypertable_schema, hypertable_name)
           where hypertable_schema = 'log' group by 1`,
        ),
      ).toEqual([`${role}|2`])
      const oldest = await transaction(pool, { role }, (client) => findChunkToCompress(client, 7))
      expect(oldest).toMatch(/^_timescaledb_internal\._hyper_\d+_\d+_chunk$/)
    } finally {
      await pool.end()
    }
  })
})

describe('chunks of the log by their volume', () => {
  let database: TestDatabase
  let pool: Pool
  let newInbox: ReturnType<typeof openStore>['newInbox']
  beforeEach(async () => {
    database = await withTimescale()
    ;({ pool, newInbox } = openStore(database.url))
  })
  afterEach(async () => {
    await pool.end()
    await database.close()
  })
  const write = async (...times: number[]) => {
    const events = times.flatMap((at) => {
      const history = newHistory(at)
      history.create()
      return history.events
    })
    await deliver(newInbox(), events)
  }
  const fit = async (logChunkMegabytes: number, logChunkHours = 0) => {
    const { place } = await prepareStorage(pool, { ...settings, logChunkHours })
    await fitChunks(pool, { logChunkHours, logChunkMegabytes }, place ?? '', silentLogger)
    const { chunkHours } = await prepareStorage(pool, { ...settings, logChunkHours: 0 })
    return chunkHours
  }
  /** As if the chunks there are had been begun that long ago. */
  const age = (interval: string) =>
    database.superuserSql(
      `update _timescaledb_catalog.chunk set creation_time = now() - interval '${interval}'`,
    )
  const chunkCount = async () =>
    Number((await database.superuserSql('select count(*) from timescaledb_information.chunks'))[0])
  const areFew = () => database.superuserSql('select log.has_few_chunks()')

  it('given a new log, chunks of a year, and nothing else before it has been watched for a day', async () => {
    expect(await fit(1)).toBe(8_760)
    await write(Date.now())
    expect(await fit(1)).toBe(8_760)
  })

  it('given events that come fast or slowly, the next chunks are shorter or longer, and an order to the contrary holds', async () => {
    await write(Date.now())
    await age('25 hours')
    // a chunk with one event has 70 kB of pages, in its heap and its indexes
    await database.superuserSql(
      `insert into log.events select e.occurred_at, gen_random_uuid(), e.user_id, n + 1, e.aggregate_id, n + 1,
         e.schema_no, e.event_type, e.source, e.actor_kind, e.actor_id, e.correlation_id, e.causation_id, e.delta
       from log.events e, generate_series(1, 20000) n`,
    )
    const short = (await fit(1)) ?? 0
    expect(short).toBeLessThan(24)
    const long = (await fit(100)) ?? 0
    expect(long).toBeGreaterThan(short)
    expect(await fit(1_000_000)).toBe(8_760)
    expect(await fit(1_000_000, 48)).toBe(48)
  })

  it('given a log that was cut by the day, a 17th chunk is more than few', async () => {
    expect(await areFew()).toEqual(['t'])
    await prepareStorage(pool, { ...settings, logChunkHours: 24 })
    await write(...Array.from({ length: 17 }, (_, day) => Date.UTC(2026, 0, 1 + day, 12)))
    expect(await chunkCount()).toBe(17)
    expect(await areFew()).toEqual(['f'])
    await database.superuserSql(`select drop_chunks('log.events', older_than => timestamptz '2026-01-02')`)
    expect(await areFew()).toEqual(['t'])
  })
})

describe('plans that a connection keeps', () => {
  it('given a chunk that was made after the plan, its events are found', async () => {
    await using database = await withTimescale()
    const { pool, newInbox } = openStore(database.url)
    const onlyOne = createPool({ url: database.url, applicationName: 'events-writer-test', max: 1 })
    try {
      await prepareStorage(pool, settings)
      const log = createEventLog({ pool: onlyOne, role: 'synap_query' })
      const story = createStory()
      const id = newId()
      for (let day = 0; day < 3; day += 1) {
        const at = Date.UTC(2026, 0, 1 + day, 12)
        if (day === 0) story.tell('entity.created', id, { type: 'note', title: null, timeZone: null }, { at })
        else story.tell('entity.title_changed', id, { title: `day ${day}`, oldTitle: null }, { at })
        await deliver(newInbox(), story.events)
        // more often than Postgres waits before it keeps a plan
        for (let turn = 0; turn < 7; turn += 1) {
          const [page, own] = await log.ask(story.userId, async (client) => [
            await findEvents(client, {}, { order: 'newest', limit: 50 }),
            await findAggregateEvents(client, id, {}, 50),
          ])
          expect(page?.map(({ sequence }) => sequence).toReversed()).toEqual([1, 2, 3].slice(0, day + 1))
          expect(own?.map(({ version }) => version)).toEqual([1, 2, 3].slice(0, day + 1))
        }
      }
      expect(await database.superuserSql('select count(*) from timescaledb_information.chunks')).toEqual([
        '3',
      ])
    } finally {
      await onlyOne.end()
      await pool.end()
    }
  })
})

interface Row extends Record<string, unknown> {
  occurred_at: number
  delta: JsonObject
  schema: string
  schema_id: number
  traceparent: string
}

function recordOf(row: Row): Buffer {
  const envelope = {
    id: row['event_id'],
    userId: row['user_id'],
    aggregateId: row['aggregate_id'],
    version: row['version'],
    sequence: row['sequence'],
    occurredAt: row.occurred_at,
    source: row['source'],
    correlationId: row['correlation_id'],
    causationId: row['causation_id'],
    actor: { kind: row['actor_kind'], id: row['actor_id'] },
  } as Envelope
  return frame(row.schema_id, encodeEnvelope(row.schema, envelope), deltaFromJson(row.schema, row.delta))
}
