import type { SynapEvent } from '@synap/contracts'
import { uuidv7 } from '@synap/core'
import { createPool, type Pool, transaction } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fillLog } from '../../test/fill-log.ts'
import { createRandom, RandomUser } from '../../test/random-events.ts'
import { projectorRole } from '../config.ts'
import { eventsOf, readEvents } from './read-events.ts'

describe('the events that a rebuild reads', () => {
  let database: TestDatabase
  let pool: Pool
  beforeAll(async () => {
    database = await createTestDatabase(['events-writer', 'projector'])
    pool = createPool({ url: database.url, applicationName: 'test', statementTimeoutMs: 60_000 })
  }, 600_000)
  afterAll(async () => {
    await pool?.end()
    await database?.close()
  })

  const readAll = (cuts: readonly { user: RandomUser; upTo: number }[]) =>
    transaction(pool, { role: projectorRole }, async (client) => {
      const read: { userId: string; logged: number; sequence?: number; title?: unknown; source?: string }[] =
        []
      const wanted = cuts.map(({ user, upTo }) => ({ userId: user.userId, upTo }))
      for await (const page of readEvents(client, wanted))
        for (const row of page) {
          const { user_id: userId, logged } = row
          const events = [...eventsOf(row)]
          if (events.length === 0) read.push({ userId, logged })
          for (const { sequence, delta, source } of events)
            read.push({ userId, logged, sequence, source, title: delta['title'] })
        }
      return read
    })
  const create = (user: RandomUser, id: string, title: string) =>
    user.event('entity.created', id, { type: 'note', title, timeZone: null })
  const settings = { timeZone: null, oldTimeZone: null, language: 'de', oldLanguage: null }
  const rename = (user: RandomUser, id: string, title: string) =>
    user.event('entity.title_changed', id, { title, oldTitle: null })

  it('given aggregates of any length that take turns, each comes whole and in order, those of the user first', async () => {
    // Ids before the user's: what comes of the user's own aggregate first is no matter of ids.
    const [long, short] = ['00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002']
    const [user, other] = [new RandomUser(createRandom(1)), new RandomUser(createRandom(2))]
    const events: SynapEvent[] = [create(user, long, '0'), create(user, short, 'short')]
    for (let count = 1; count < 200; count += 1) events.push(rename(user, long, String(count)))
    events.push(user.event('user.settings_changed', user.userId, settings))
    const beyond = rename(user, short, 'beyond the cut')
    await fillLog(pool, [...events, beyond, create(other, uuidv7(), 'of another user')])

    const read = await readAll([{ user, upTo: events.length }])
    expect(read.every(({ logged }) => logged === events.length)).toBe(true)
    expect(read.map(({ title }) => title)).toEqual([
      undefined,
      ...Array.from({ length: 200 }, (_, count) => String(count)),
      'short',
    ])
  })

  it('given texts and words that are hard to write as JSON, they come as they were', async () => {
    const user = new RandomUser(createRandom(3))
    const title = `"a", \\ \u2028 {"b":[1]} 😀 ' $1`
    const odd = create(user, uuidv7(), title)
    await fillLog(pool, [odd])
    await database.superuserSql(
      `update log.events set source = 'a "new", \\ source' where event_id = '${odd.id}'`,
    )
    expect(await readAll([{ user, upTo: 1 }])).toMatchObject([{ title, source: 'a "new", \\ source' }])
  })

  it('given a user of whom there are events of analyses only, or none, they are counted all the same', async () => {
    const [analysed, silent] = [new RandomUser(createRandom(4)), new RandomUser(createRandom(5))]
    await fillLog(pool, [analysed.event('ai.analysis_requested', uuidv7(), {})])
    expect(
      await readAll([
        { user: analysed, upTo: 1 },
        { user: silent, upTo: 0 },
      ]),
    ).toEqual([
      { userId: analysed.userId, logged: 1 },
      { userId: silent.userId, logged: 0 },
    ])
  })
})
