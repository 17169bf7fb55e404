import { type RebuildDifference, type RebuildResult, topicName } from '@synap/contracts'
import { type EntityId, sha256Hex, uuidv7 } from '@synap/core'
import { silentLogger } from '@synap/messaging'
import { createPool, type Pool, transaction } from '@synap/postgres'
import { createTestDatabase, eventually, type TestDatabase } from '@synap/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { embedded, extracted } from '../../test/derived-records.ts'
import { createFeed, toMessages } from '../../test/feed.ts'
import { fillLog } from '../../test/fill-log.ts'
import { createRandom, RandomUser } from '../../test/random-events.ts'
import { projectorRole } from '../config.ts'
import { projectDerived } from '../project-derived.ts'
import { dropLeaving } from '../sql/read-models.ts'
import { compareDefinitions } from './clone-schema.ts'
import { discard, switchBack } from './read-models.ts'
import { type RebuildOptions, rebuild } from './rebuild.ts'
import { switchReadModel } from './switch.ts'

const prefix = 'r.'
const topic = topicName('events', prefix)
const patience = 120_000

describe('a rebuild of the read model', () => {
  let database: TestDatabase
  let pool: Pool
  beforeEach(async () => {
    database = await createTestDatabase(['events-writer', 'projector'])
    pool = createPool({ url: database.url, applicationName: 'test', statementTimeoutMs: 60_000 })
  }, 600_000)
  afterEach(async () => {
    await pool?.end()
    await database?.close()
  })

  const sql = (text: string) => database.superuserSql(text)
  const history = (seed: number, length: number) => {
    const user = new RandomUser(createRandom(seed))
    return { user, events: Array.from({ length }, () => user.next()) }
  }
  const project = async (histories: readonly ReturnType<typeof history>[]) => {
    const events = histories.flatMap((one) => one.events)
    const feed = await createFeed(pool, topic, events)
    const messages = toMessages(topic, events)
    for (let at = 0; at < messages.length; at += 50) await feed.deliver(messages.slice(at, at + 50))
    return feed
  }
  const derive = async ({ user }: ReturnType<typeof history>) => {
    for (const [index, entityId] of user.entities.slice(0, 6).entries()) {
      const subject = {
        userId: user.userId,
        entityId: entityId as EntityId,
        contentHash: sha256Hex(entityId),
      }
      const records = [extracted(subject, `wallaby ${index}`), embedded(subject, [0, 1, 2])]
      await transaction(pool, { role: projectorRole }, (client) => projectDerived(client, 'read_v1', records))
    }
  }
  const run = async (options: Partial<RebuildOptions> = {}) => {
    const differences: RebuildDifference[] = []
    let result: RebuildResult | undefined
    const signal = AbortSignal.timeout(patience)
    const context = { pool, logger: silentLogger, topicPrefix: prefix, eventsPerSlice: 150, signal }
    const usual: RebuildOptions = {
      derived: 'copy',
      acceptDifferences: false,
      expected: [],
      switch: true,
      limit: 20,
    }
    for await (const step of rebuild(context, { ...usual, ...options })) {
      if ('difference' in step) differences.push(step.difference)
      if ('rebuild' in step) result = step.rebuild
    }
    if (result === undefined) throw new Error('no result')
    return { result, differences }
  }
  const prepare = async (...histories: ReturnType<typeof history>[]) => {
    const feed = await project(histories)
    for (const one of histories) await derive(one)
    await fillLog(
      pool,
      histories.flatMap((one) => one.events),
    )
    return feed
  }
  const active = () => sql('select n from read_meta.read_active')

  it(
    'given any histories, the new one has the same rows and definitions, and is what is read',
    async () => {
      await prepare(history(1, 400), history(2, 300), history(3, 1), history(4, 120))
      const { result, differences } = await run()
      expect(differences).toEqual([])
      expect(result).toMatchObject({
        outcome: 'switched',
        from: 1,
        to: 2,
        events: 821,
        users: 4,
        reason: null,
      })
      expect(result.rows).toBeGreaterThan(200)
      expect(await sql('select count(*) > 2 from read_meta.rebuild_slices')).toEqual(['t'])
      expect(await compareDefinitions(pool, 'read_v1', 'read_v2')).toEqual([])
      for (const table of [
        'entities',
        'entity_tags',
        'relations',
        'purged',
        'entity_vectors',
        'entity_lexemes',
      ]) {
        const [[old], [made]] = [
          await sql(`select count(*) from read_v1.${table}`),
          await sql(`select count(*) from read_v2.${table}`),
        ]
        expect([table, made]).toEqual([table, old])
        expect(Number(made)).toBeGreaterThan(0)
      }
      expect(await active()).toEqual(['2'])
      expect(await sql('select n, state, keep_until > now() from read_meta.read_models order by n')).toEqual([
        '1|followed|t',
        '2|followed|',
      ])
    },
    patience,
  )

  it(
    'given rows of the old one that were damaged, each is shown, and it does not switch until it is told',
    async () => {
      const one = history(5, 200)
      await prepare(one)
      const [task] = await sql('select entity_id from read_v1.task_details order by 1 limit 1')
      const [relation] = await sql('select relation_id from read_v1.relations order by 1 limit 1')
      await sql(`update read_v1.task_details set priority = 9 where entity_id = '${task}'`)
      await sql(`delete from read_v1.relations where relation_id = '${relation}'`)
      await sql(`insert into read_v1.tags values (gen_random_uuid(), '${one.user.userId}', 'ghost', null, 1)`)

      const refused = await run()
      expect(refused.result).toMatchObject({
        outcome: 'refused',
        differences: { explained: 0, unexplained: 3 },
      })
      expect(refused.differences).toEqual([
        expect.objectContaining({ table: 'relations', kind: 'extra', key: { relation_id: relation } }),
        expect.objectContaining({ table: 'tags', kind: 'missing' }),
        {
          table: 'task_details',
          key: { entity_id: task },
          userId: one.user.userId,
          kind: 'changed',
          columns: [{ name: 'priority', old: 9, new: expect.any(Number) }],
          explanation: null,
        },
      ])
      expect(await active()).toEqual(['1'])

      const partly = await run({ expected: ['relations', 'task_details.priority'] })
      expect(partly.result).toMatchObject({
        outcome: 'refused',
        differences: { explained: 2, unexplained: 1 },
        to: 2,
      })
      const accepted = await run({ acceptDifferences: true })
      expect(accepted.result).toMatchObject({ outcome: 'switched', to: 2 })
      expect(await active()).toEqual(['2'])
      expect(await sql(`select priority from read_v2.task_details where entity_id = '${task}'`)).not.toEqual([
        '9',
      ])
    },
    patience,
  )

  it(
    'given an event that the log lacks, what is behind it comes by the way of all events, and then it switches',
    async () => {
      const one = history(6, 120)
      const { events } = one
      const last = one.user.next()
      const all = [...events, last]
      await project([one])
      const feed = await createFeed(pool, topic, all, { from: events.length })
      await fillLog(
        pool,
        events.filter(({ sequence }) => sequence !== 60),
      )
      const running = run()
      await eventually('the new one is followed', async () =>
        (await sql('select state from read_meta.read_models where n = 2')).includes('followed'),
      )
      expect(await sql('select seen from read_v2.user_positions')).toEqual(['59'])
      const messages = toMessages(topic, [last], events.length)
      const second = await createFeed(pool, topic, all, {
        fetchable: true,
        readModel: 2,
        from: events.length,
      })
      await second.deliver(messages)
      await feed.deliver(messages)
      expect(await running).toMatchObject({ result: { outcome: 'switched' }, differences: [] })
    },
    patience,
  )

  it(
    'given events that an operator gave up, they stay given up',
    async () => {
      const user = new RandomUser(createRandom(7))
      const id = uuidv7()
      const events = [
        user.event('entity.created', id, { type: 'note', title: 'a', timeZone: null }),
        user.event('entity.title_changed', id, { title: 'b', oldTitle: 'a' }),
        user.event('entity.type_changed', id, { type: 'idea', oldType: 'note' }),
      ]
      const feed = await createFeed(
        pool,
        topic,
        events.filter(({ sequence }) => sequence !== 2),
      )
      await feed.deliver(toMessages(topic, events))
      const ids = `select array_agg(id) from read_v1.parked where sequence = 2`
      await sql(`select read_v1.mark_parked((${ids}), 'discard')`)
      await feed.inbox.retryParked()
      await fillLog(pool, events)
      expect(await run()).toMatchObject({ result: { outcome: 'switched' }, differences: [] })
      expect(await sql('select title, version from read_v2.entities')).toEqual(['a|3'])
      expect(await sql('select sequence, state from read_v2.parked')).toEqual(['2|discarded'])
    },
    patience,
  )

  it(
    'given an event that is parked in the old one only, what differs is explained',
    async () => {
      const user = new RandomUser(createRandom(8))
      const id = uuidv7()
      const events = [
        user.event('entity.created', id, { type: 'note', title: 'a', timeZone: null }),
        user.event('entity.title_changed', id, { title: 'b', oldTitle: 'a' }),
      ]
      const feed = await createFeed(pool, topic, events.slice(0, 1))
      await feed.deliver(toMessages(topic, events))
      expect(await sql('select sequence from read_v1.parked')).toEqual(['2'])
      await fillLog(pool, events)
      const { result, differences } = await run()
      expect(result).toMatchObject({ outcome: 'switched', differences: { unexplained: 0 } })
      expect(differences.map(({ table, explanation }) => `${table}: ${explanation}`)).toEqual([
        'entities: events of it are parked in the old read model and are applied in the new one',
        'entity_lexemes: events of it are parked in the old read model and are applied in the new one',
        'unsearchable: events of it are parked in the old read model and are applied in the new one',
      ])
    },
    patience,
  )

  it(
    'given an event that is open in the new one only, it does not switch',
    async () => {
      const one = history(9, 50)
      await prepare(one)
      expect((await run({ switch: false })).result.outcome).toBe('compared')
      await sql(`
      insert into read_v2.parked (user_id, sequence, reason, slot) values ('${one.user.userId}', 50, 'missing', true)`)
      const { result } = await run()
      expect(result).toMatchObject({ outcome: 'refused' })
      expect(result.reason).toMatch(/^1 events are parked in the new read model only, first 50 of user/)
      expect(await active()).toEqual(['1'])
    },
    patience,
  )

  it(
    'given a user who is behind in the new one, it does not switch, and the old one is written to again',
    async () => {
      const one = history(10, 50)
      await prepare(one)
      await run({ switch: false })
      await sql('update read_v2.user_positions set seen = 49')
      const signal = AbortSignal.timeout(patience)
      expect(await switchReadModel({ pool, from: 1, to: 2, keepMs: 1_000, signal })).toEqual({
        outcome: 'behind',
        users: 1,
      })
      expect(await active()).toEqual(['1'])
      const next = one.user.next()
      await (await createFeed(pool, topic, [next], { from: 50 })).deliver(toMessages(topic, [next], 50))
      expect(await sql('select seen from read_v1.user_positions')).toEqual(['51'])
    },
    patience,
  )

  it(
    'given the way back, the one before is read again; what is discarded is dropped once nobody uses it',
    async () => {
      await prepare(history(11, 60))
      await run()
      const signal = AbortSignal.timeout(patience)
      expect(await switchBack(pool, { keepMs: 60_000, signal })).toMatchObject({
        outcome: 'switched',
        from: 2,
        to: 1,
      })
      expect(await active()).toEqual(['1'])
      expect(await discard(pool)).toBe(2)
      await expect(discard(pool)).rejects.toMatchObject({ code: 'rebuild.nothing_to_discard' })
      const drop = (afterMs: number) =>
        transaction(pool, { role: projectorRole }, (client) => dropLeaving(client, afterMs))
      expect(await drop(60_000)).toEqual([])
      expect(await drop(0)).toEqual([2])
      expect(await sql(`select count(*) from pg_namespace where nspname = 'read_v2'`)).toEqual(['0'])
      expect((await run()).result).toMatchObject({ outcome: 'switched', to: 2 })
    },
    patience,
  )
})
