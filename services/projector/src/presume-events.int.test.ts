import { type SynapEvent, topicName } from '@synap/contracts'
import { uuidv7 } from '@synap/core'
import { createPool, type Pool } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFeed, toMessages } from '../test/feed.ts'
import { createRandom, RandomUser } from '../test/random-events.ts'
import { presumeEvents } from './presume-events.ts'

describe('items that are presumed to be new', () => {
  let database: TestDatabase
  let pool: Pool
  let seed = 0
  beforeAll(async () => {
    database = await createTestDatabase(['projector'])
    pool = createPool({ url: database.url, applicationName: 'test' })
  })
  afterAll(async () => {
    await pool?.end()
    await database?.close()
  })
  const newUser = () => new RandomUser(createRandom((seed += 1)))
  const create = (user: RandomUser, id = uuidv7(), more: object = {}) =>
    user.event('entity.created', id, { type: 'note', title: 'Tea', timeZone: null, ...more })
  const parked = (user: RandomUser) =>
    database.superuserSql(`select sequence, reason from read_v1.parked where user_id = '${user.userId}'`)
  const seenOf = (user: RandomUser) =>
    database.superuserSql(`select seen from read_v1.user_positions where user_id = '${user.userId}'`)
  /** Delivers the events one by one. */
  async function apply(events: readonly SynapEvent[]) {
    const topic = topicName('events', `${uuidv7()}.`)
    const feed = await createFeed(pool, topic, events)
    for (const message of toMessages(topic, events)) await feed.deliver([message])
  }

  it('given a task and a note, each has the rows that it has after a look', async () => {
    const user = newUser()
    const items = [
      ['task', uuidv7(), uuidv7()],
      ['note', uuidv7(), uuidv7()],
    ] as const
    // The first of a user is never presumed, nor are those that come along with another event.
    const events = [
      create(user),
      ...items.map(([type, presumed]) => create(user, presumed, { type, title: 'Buy oat milk' })),
    ]
    await apply(events)
    const topic = topicName('events', `${uuidv7()}.`)
    const more = items.map(([type, , looked]) => create(user, looked, { type, title: 'Buy oat milk' }))
    const settings = user.event('user.settings_changed', user.userId, { timeZone: null, language: null })
    const feed = await createFeed(pool, topic, [...more, settings])
    await feed.deliver(toMessages(topic, [...more, settings]))
    for (const [, presumed, looked] of items) {
      const rowsOf = (id: string) =>
        database.superuserSql(`
          select to_jsonb(e) - array['entity_id', 'sequence', 'projected_at', 'created_at', 'updated_at', 'provenance'],
            to_jsonb(t) - 'entity_id', to_jsonb(l) - 'entity_id', u.content_sha256
          from read_v1.entities e left join read_v1.task_details t using (entity_id)
          left join read_v1.entity_lexemes l using (entity_id) left join read_v1.unsearchable u using (entity_id)
          where entity_id = '${id}'`)
      const rows = await rowsOf(presumed)
      expect(rows).toHaveLength(1)
      expect(rows[0]).toContain('oat')
      expect(rows).toEqual(await rowsOf(looked))
    }
  })

  it('given one that is gone for good, it stays gone', async () => {
    const user = newUser()
    const id = uuidv7()
    await database.superuserSql(
      `insert into read_v1.purged (subject_id, user_id, sequence) values ('${id}', '${user.userId}', 1)`,
    )
    await apply([create(user), create(user, id), create(user)])
    expect(await database.superuserSql(`select 1 from read_v1.entities where entity_id = '${id}'`)).toEqual(
      [],
    )
    expect([await seenOf(user), await parked(user)]).toEqual([['3'], []])
  })

  it("given another user's item, it stays as it is", async () => {
    const [anna, mallory] = [newUser(), newUser()]
    const id = uuidv7()
    await apply([create(anna, id, { title: 'hers' })])
    await apply([create(mallory), create(mallory, id, { title: 'his' }), create(mallory)])
    const words = `select e.user_id, e.title, l.user_id, l.lexemes @@ 'hers', u.user_id from read_v1.entities e
      join read_v1.entity_lexemes l using (entity_id) join read_v1.unsearchable u using (entity_id) where entity_id = '${id}'`
    const { userId } = anna
    expect(await database.superuserSql(words)).toEqual([`${userId}|hers|${userId}|t|${userId}`])
    expect(await seenOf(mallory)).toEqual(['3'])
  })

  it('given anything but items that begin, nothing is presumed', () => {
    const user = newUser()
    const first = create(user)
    const presumed = (...events: SynapEvent[]) => presumeEvents('read_v1', events) !== undefined
    expect(presumed(first, create(user))).toBe(true)
    const again = { ...create(user, first.aggregateId), version: 1 } as SynapEvent
    expect(presumed(first, again)).toBe(false)
    const second = user.event('entity.title_changed', first.aggregateId, { title: 'x', oldTitle: null })
    expect(presumed(create(user), second)).toBe(false)
    expect(presumed({ ...create(user), version: 2 })).toBe(false)
  })
})
