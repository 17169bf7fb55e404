import { type SynapEvent, topicName } from '@synap/contracts'
import { uuidv7 } from '@synap/core'
import { createPool, type Pool } from '@synap/postgres'
import { type Answers, countAnswers, createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFeed, toMessages } from '../test/feed.ts'
import { createRandom, RandomUser } from '../test/random-events.ts'

const topic = topicName('events', 'round-trips.')

describe('how often the projector waits for its database', () => {
  let database: TestDatabase
  let pool: Pool
  let count: (work: () => Promise<unknown>) => Promise<Answers>
  beforeAll(async () => {
    database = await createTestDatabase(['projector'])
    pool = createPool({ url: database.url, applicationName: 'test' })
    count = countAnswers(pool)
  }, 600_000)
  afterAll(async () => {
    await pool?.end()
    await database?.close()
  })

  it('given an event, it waits as often as one thing has to be known before the next', async () => {
    const user = new RandomUser(createRandom(1))
    const id = uuidv7()
    const events: SynapEvent[] = [
      user.event('entity.created', id, { type: 'note', title: '0', timeZone: null }),
      ...[1, 2, 3, 4].map((turn) =>
        user.event('entity.title_changed', id, { title: String(turn), oldTitle: null }),
      ),
    ]
    const feed = await createFeed(pool, topic, events)
    const messages = toMessages(topic, events)
    const counted: Answers[] = []
    for (const message of messages) counted.push(await count(() => feed.deliver([message])))
    // The count of the start with the places of the events; the states they change; what comes of them, with the commit.
    expect(counted.slice(1).every(({ statements }) => statements > 10)).toBe(true)
    expect(Math.max(...counted.slice(1).map(({ messages: trips }) => trips))).toBeLessThanOrEqual(3)
    expect(await database.superuserSql('select title from read_v1.entities')).toEqual(['4'])
  })

  it('given an item that is new, it waits for one answer, with the count of the start beside it', async () => {
    const user = new RandomUser(createRandom(2))
    const events = [0, 1, 2, 3, 4].map((turn) =>
      user.event('entity.created', uuidv7(), { type: 'note', title: String(turn), timeZone: null }),
    )
    const ofItems = topicName('events', 'new-items.')
    const feed = await createFeed(pool, ofItems, events)
    const counted: Answers[] = []
    for (const message of toMessages(ofItems, events))
      counted.push(await count(() => feed.deliver([message])))
    expect(Math.max(...counted.slice(2).map(({ messages }) => messages))).toBe(2)
    expect(
      await database.superuserSql(
        `select count(*), max(sequence) from read_v1.entities where user_id = '${user.userId}'`,
      ),
    ).toEqual(['5|5'])
  })
})
