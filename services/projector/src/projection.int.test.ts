import type { SynapEvent } from '@synap/contracts'
import { type UserId, uuidv7 } from '@synap/core'
import { createPool, type Pool, transaction } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFeed, toMessages } from '../test/feed.ts'
import { createRandom, RandomUser } from '../test/random-events.ts'
import { foldPlainly, type Rows } from '../test/reference.ts'
import { readRows } from '../test/rows.ts'
import { replaceLexemes } from './replace-lexemes.ts'
import { findEntityStates } from './sql/entities.ts'

const principal = { role: 'synap_projector' }

describe('the projection of events', () => {
  let database: TestDatabase
  let pool: Pool
  beforeAll(async () => {
    database = await createTestDatabase(['projector'])
    pool = createPool({ url: database.url, applicationName: 'test' })
  })
  afterAll(async () => {
    await pool.end()
    await database.close()
  })
  const rowsOf = (userId: UserId): Promise<Rows> =>
    transaction(pool, principal, (client) => readRows(client, userId))

  it('given any batches and redeliveries, the rows are those of a plain fold', async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(fc.nat(), lengths, async (seed, cuts) => {
        const random = createRandom(seed)
        const users = [new RandomUser(random), new RandomUser(random)]
        const events = Array.from({ length: 120 }, () => (users[random() < 0.7 ? 0 : 1] as RandomUser).next())
        // The relay publishes at least once: some events come again, later and at offsets of their own.
        const published = events.flatMap((event, index) => {
          const again = random() < 0.2 ? events[Math.floor(random() * (index + 1))] : undefined
          return again === undefined ? [event] : [event, again]
        })
        const topic = `t.${uuidv7()}`
        const messages = toMessages(topic, published)
        const feed = await createFeed(pool, topic, events)
        let at = 0
        for (let turn = 0; at < messages.length; turn += 1) {
          const next = at + (cuts[turn % cuts.length] ?? 1)
          await feed.deliver(messages.slice(at, next))
          // And a batch whose commit the consumer does not know of is delivered again.
          if (random() < 0.3) await feed.deliver(messages.slice(Math.max(0, at - 5), next))
          at = next
        }
        for (const { userId } of users) {
          const own = events.filter((event) => event.userId === userId)
          expect(await rowsOf(userId)).toEqual(foldPlainly(own))
        }
      }),
      { numRuns: 40 },
    )
  })

  it('given events that claim an entity of another user, it keeps its words, its task and its tags', async () => {
    const [anna, mallory] = [new RandomUser(createRandom(1)), new RandomUser(createRandom(2))]
    const id = uuidv7()
    const own = [
      anna.event('entity.created', id, { type: 'task', title: 'hers', timeZone: null }),
      anna.event('entity.tag_added', id, { tagId: uuidv7(), name: 'hers' }),
    ]
    const claims = [
      mallory.event('task.priority_set', id, { priority: 3, oldPriority: 0 }),
      mallory.event('entity.tag_added', id, { tagId: uuidv7(), name: 'his' }),
      mallory.event('entity.title_changed', id, { title: 'his', oldTitle: null }),
    ].map((event, index) => ({ ...event, version: 3 + index })) as SynapEvent[]
    const topic = `t.${uuidv7()}`
    const feed = await createFeed(pool, topic, [...own, ...claims])
    await feed.deliver(toMessages(topic, own))
    const before = await rowsOf(anna.userId)
    await feed.deliver(toMessages(topic, claims, own.length))
    expect(await rowsOf(anna.userId)).toEqual(before)
    const left = await database.superuserSql(`
      select 'tag' from read_v1.entity_tags where user_id = '${mallory.userId}' union all
      select 'task' from read_v1.task_details where user_id = '${mallory.userId}' union all
      select 'words' from read_v1.entity_lexemes where user_id = '${mallory.userId}'`)
    expect(left).toEqual([])
  })

  it('given any history, the searchable documents are what making them anew gives', async () => {
    const user = new RandomUser(createRandom(7))
    const events = Array.from({ length: 150 }, () => user.next())
    const topic = `t.${uuidv7()}`
    const feed = await createFeed(pool, topic, events)
    const messages = toMessages(topic, events)
    for (let at = 0; at < messages.length; at += 7) await feed.deliver(messages.slice(at, at + 7))
    const documents = () =>
      database.superuserSql(
        `select entity_id, config, lexemes from read_v1.entity_lexemes where user_id = '${user.userId}' order by 1;`,
      )
    const kept = await documents()
    expect(kept.length).toBeGreaterThan(3)
    await database.superuserSql(`delete from read_v1.entity_lexemes where user_id = '${user.userId}';`)
    await transaction(pool, principal, (client) => replaceLexemes(client, 'read_v1', user.entities))
    expect(await documents()).toEqual(kept)
  })

  it('given a state read back from its rows, it is the state that was written', async () => {
    const user = new RandomUser(createRandom(11))
    const events = Array.from({ length: 100 }, () => user.next())
    const topic = `t.${uuidv7()}`
    await (await createFeed(pool, topic, events)).deliver(toMessages(topic, events))
    const states = await transaction(pool, principal, (client) =>
      findEntityStates(client, 'read_v1', user.entities),
    )
    expect(states.size).toBeGreaterThan(3)
    const { entities } = foldPlainly(events)
    for (const [id, { state }] of states) {
      const { particulars, title, people, provenance, suggestions, rejected, metadata } = state
      expect({ particulars, title, people, provenance, suggestions, rejected, metadata }).toEqual(
        pick(entities[id], [
          'particulars',
          'title',
          'people',
          'provenance',
          'suggestions',
          'rejected',
          'metadata',
        ]),
      )
      if (state.type === 'task') expect(particulars.task).toBeDefined()
    }
  })

  it('given particulars of a type that has no table, the next event of the entity keeps them', async () => {
    const user = new RandomUser(createRandom(5))
    const id = uuidv7()
    const created = user.event('entity.created', id, { type: 'note', title: 'a', timeZone: null })
    const renamed = user.event('entity.title_changed', id, { title: 'b', oldTitle: 'a' })
    const topic = `t.${uuidv7()}`
    const feed = await createFeed(pool, topic, [created, renamed])
    const [first, second] = toMessages(topic, [created, renamed])
    await feed.deliver([first].filter((message) => message !== undefined))
    await database.superuserSql(
      `update read_v1.entities set particulars = '{"habit": {"streak": 3}}' where entity_id = '${id}';`,
    )
    await feed.deliver([second].filter((message) => message !== undefined))
    const states = await transaction(pool, principal, (client) => findEntityStates(client, 'read_v1', [id]))
    expect(states.get(id)?.state).toMatchObject({ title: 'b', particulars: { habit: { streak: 3 } } })
  })

  it('given an event of a type of tomorrow, its entity waits for newer code and the others go on', async () => {
    const user = new RandomUser(createRandom(1))
    const [first, other] = [uuidv7(), uuidv7()]
    const created = (id: string) =>
      user.event('entity.created', id, { type: 'note', title: 'a', timeZone: null })
    const events: SynapEvent[] = [
      created(first),
      user.event('entity.updated', first, { patch: '{}', inverse: '{}' }),
      user.event('entity.title_changed', first, { title: 'behind', oldTitle: 'a' }),
      created(other),
    ]
    const topic = `t.${uuidv7()}`
    const today = await createFeed(pool, topic, events, { unknown: new Set(['entity.updated']) })
    await today.deliver(toMessages(topic, events))
    expect(await rowsOf(user.userId)).toMatchObject({
      entities: { [first]: { version: 1 }, [other]: { version: 1 } },
    })
    const parked = `select sequence, reason from read_v1.parked where user_id = '${user.userId}' order by 1;`
    expect(await database.superuserSql(parked)).toEqual(['2|needs_newer_code', '3|behind_parked'])

    await database.superuserSql(
      `update read_v1.parked set state = 'retry' where user_id = '${user.userId}' and reason = 'needs_newer_code';`,
    )
    const tomorrow = await createFeed(pool, `t.${uuidv7()}`, events)
    await tomorrow.inbox.retryParked()
    expect(await rowsOf(user.userId)).toEqual(foldPlainly(events))
  })

  it('given an entity whose beginning was given up, what follows is parked and the projector goes on', async () => {
    const user = new RandomUser(createRandom(5))
    const [lost, other] = [uuidv7(), uuidv7()]
    const events: SynapEvent[] = [
      user.event('entity.created', lost, { type: 'note', title: 'a', timeZone: null }),
      user.event('entity.title_changed', lost, { title: 'b', oldTitle: 'a' }),
      user.event('entity.created', other, { type: 'note', title: 'c', timeZone: null }),
    ]
    const topic = `t.${uuidv7()}`
    const feed = await createFeed(pool, topic, events.slice(1))
    await feed.deliver(toMessages(topic, events))
    const ids = `select array_agg(id) from read_v1.parked where user_id = '${user.userId}' and sequence = 1`
    await database.superuserSql(`select read_v1.mark_parked((${ids}), 'discard');`)
    await feed.inbox.retryParked()
    expect(
      await database.superuserSql(
        `select sequence, reason, state from read_v1.parked where user_id = '${user.userId}' order by 1;`,
      ),
    ).toEqual(['1|undecodable|discarded', '2|refused_by_store|open'])
    expect(await rowsOf(user.userId)).toMatchObject({ entities: { [other]: { title: 'c' } } })
  })

  it('given a user who is erased, no row of theirs is left and the position stays', async () => {
    const user = new RandomUser(createRandom(3))
    const events = Array.from({ length: 60 }, () => user.next())
    events.push(user.event('user.erased', user.userId, {}))
    await database.superuserSql(`
      insert into read_v1.parked (user_id, sequence, reason, detail, key, headers, value, slot, state)
        values ('${user.userId}', 900, 'undecodable', 'frame', '${user.userId}', '{}', 'x', true, 'open'),
          ('${user.userId}', 901, 'undecodable', 'frame', '${user.userId}', '{}', 'x', true, 'applied');
      insert into read_v1.parked (reason, detail, key, headers, value, slot)
        values ('headers_unusable', 'of a life', '${user.userId}', '{}', 'x', false),
          ('undecodable', 'of a life', '${user.userId}/entity/hash/producer/0', '{}', 'x', false),
          ('headers_unusable', 'of another life', '${uuidv7()}', '{}', 'x', false);
      insert into read_v1.parked_history (parked_id, step, why)
        select id, 'marked', 'of a life' from read_v1.parked where user_id = '${user.userId}';`)
    const topic = `t.${uuidv7()}`
    await (await createFeed(pool, topic, events)).deliver(toMessages(topic, events))
    expect(await rowsOf(user.userId)).toMatchObject({ entities: {}, tags: {}, relations: {}, settings: null })
    const tables = [
      'entities',
      'task_details',
      'tags',
      'entity_tags',
      'relations',
      'entity_lexemes',
      'user_settings',
    ]
    const counts = await database.superuserSql(
      tables
        .map((table) => `select count(*) from read_v1.${table} where user_id = '${user.userId}';`)
        .join('\n'),
    )
    expect(counts).toEqual(tables.map(() => '0'))
    expect(
      await database.superuserSql(`
        select sequence, state, coalesce(detail, key, headers::text, value::text) is null from read_v1.parked
          where user_id = '${user.userId}' order by 1;
        select count(*) from read_v1.parked_history where why = 'of a life';
        select detail from read_v1.parked where not slot and detail like 'of %';`),
    ).toEqual(['900|discarded|t', '901|applied|t', '0', 'of another life'])
    expect(
      await database.superuserSql(
        `select seen from read_v1.user_positions where user_id = '${user.userId}';`,
      ),
    ).toEqual([String(events.length)])
  })
})

function pick(from: unknown, names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, (from as Record<string, unknown>)[name]]))
}
