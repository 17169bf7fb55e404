import { type EntityId, type UserId, uuidv7 } from '@synap/core'
import { transaction } from '@synap/postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { park, seedEntity, setSeen } from '../test/seed.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

const user = () => uuidv7() as UserId

describe('reads', () => {
  let query: TestQuery
  beforeAll(async () => {
    query = await startQuery()
  })
  afterAll(() => query.close())
  const moveTo = (userId: UserId, seen: number) =>
    transaction(query.pool, { role: 'synap_projector' }, (client) => setSeen(client, userId, seen))

  it('given an entity, it comes with its ETag and the sequence it is true for; its version again is 304', async () => {
    const anna = user()
    const task = { status: 'todo', priority: 2, due: '2026-11-22' }
    const id = await seedEntity(query.pool, {
      userId: anna,
      sequence: 7,
      version: 3,
      type: 'task',
      title: 'Buy milk',
      tags: ['errands'],
      task,
    })
    const answer = await query.get(`/v1/entities/${id}`, anna)
    expect(answer.status).toBe(200)
    expect(answer.headers).toMatchObject({ etag: '"3"', 'synap-sequence': '7' })
    expect(answer.json).toMatchObject({
      id,
      type: 'task',
      title: 'Buy milk',
      tags: [{ name: 'errands', provenance: { by: 'user' } }],
      task: { ...task, completedAt: null },
      version: 3,
    })
    const again = await query.get(`/v1/entities/${id}`, anna, { 'if-none-match': '"3"' })
    expect(again.status).toBe(304)
    expect(again.text).toBe('')
    expect((await query.get(`/v1/entities/${id}`, anna, { 'if-none-match': '"2"' })).status).toBe(200)
  })

  it('given particulars of several types, those of its own show, and an entity without any shows none', async () => {
    const anna = user()
    const particulars = { note: { streak: 3 }, task: { status: 'done' } }
    const id = await seedEntity(query.pool, { userId: anna, sequence: 1, title: 'Run', particulars })
    const other = await seedEntity(query.pool, { userId: anna, sequence: 2, title: 'Tea' })
    expect((await query.get(`/v1/entities/${id}`, anna)).json).toMatchObject({ particulars: { streak: 3 } })
    expect((await query.get(`/v1/entities/${other}`, anna)).json).not.toHaveProperty('particulars')
  })

  it('given people who are mentioned, they show in their order to whom the item belongs, and nobody where there are none', async () => {
    const anna = user()
    const people = ['Zoe', 'Dr. Novak']
    const id = await seedEntity(query.pool, { userId: anna, sequence: 1, title: 'Ask Zoe', people })
    const other = await seedEntity(query.pool, { userId: anna, sequence: 2, title: 'Tea' })
    expect((await query.get(`/v1/entities/${id}`, anna)).json).toMatchObject({ people })
    expect((await query.get(`/v1/entities/${other}`, anna)).json).toMatchObject({ people: [] })
    expect((await query.get(`/v1/entities/${id}`, user())).status).toBe(404)
  })

  it('given a deleted entity, an unknown one and one of somebody else, all answer the same', async () => {
    const [anna, bert] = [user(), user()]
    const deleted = await seedEntity(query.pool, { userId: anna, sequence: 1, title: 'x', deleted: true })
    const foreign = await seedEntity(query.pool, { userId: bert, sequence: 1, title: 'x' })
    const bodies = []
    for (const id of [deleted, foreign, uuidv7()]) {
      const { status, json } = await query.get(`/v1/entities/${id}`, anna)
      expect(status).toBe(404)
      const { instance: _, correlationId: _id, ...body } = json
      bodies.push(body)
    }
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1)
  })

  it('given a write that is not projected yet, a read that asks for it waits, and sees it', async () => {
    const anna = user()
    const id = uuidv7() as EntityId
    const started = performance.now()
    const reading = query.get(`/v1/entities/${id}?min_sequence=1&wait=5000`, anna)
    await seedEntity(query.pool, { userId: anna, sequence: 1, id, title: 'late' })
    expect((await reading).json).toMatchObject({ title: 'late', sequence: 1 })
    expect(performance.now() - started).toBeLessThan(4_000)
  })

  it('given a wait that ends in vain, 503 says how far it is; stale=allow answers with the true sequence', async () => {
    const anna = user()
    await seedEntity(query.pool, { userId: anna, sequence: 4, title: 'old' })
    const refused = await query.get('/v1/entities?min_sequence=5&wait=30', anna)
    expect(refused.status).toBe(503)
    expect(refused.json).toMatchObject({
      type: 'urn:synap:problem:not-caught-up',
      detail: 'Sequence 5 is not there yet: what is read has come to 4.',
      sequence: 4,
    })
    expect(refused.headers).toMatchObject({ 'retry-after': '1', 'synap-sequence': '4' })
    const stale = await query.get('/v1/entities?wait=30&stale=allow', anna, { 'synap-min-sequence': '5' })
    expect(stale.status).toBe(200)
    expect(stale.headers['synap-sequence']).toBe('4')
    expect(stale.json.items).toHaveLength(1)
  })

  it('given a search, it waits once and not for each of its reads', async () => {
    const anna = user()
    const started = performance.now()
    const stale = await query.get('/v1/search?q=x&min_sequence=9&wait=600&stale=allow', anna)
    expect(stale.status).toBe(200)
    expect(performance.now() - started).toBeLessThan(1_100)
  })

  it('given the header Synap-Min-Sequence, it waits like the parameter; nonsense in it is 400', async () => {
    const anna = user()
    await moveTo(anna, 2)
    const asked = (value: string) => query.get('/v1/entities?wait=10', anna, { 'synap-min-sequence': value })
    expect((await asked('2')).status).toBe(200)
    expect((await asked('3')).status).toBe(503)
    expect((await asked('-1')).status).toBe(400)
    expect((await asked('1e3')).status).toBe(400)
  })

  it('given readers that wait, none of them holds a connection', async () => {
    const [anna, bert] = [user(), user()]
    // More than the pool has connections.
    const waiting = Array.from({ length: 20 }, () => query.get('/v1/entities?min_sequence=1&wait=8000', anna))
    const quick = await query.get('/v1/entities', bert)
    expect(quick.status).toBe(200)
    await moveTo(anna, 1)
    for (const { status } of await Promise.all(waiting)) expect(status).toBe(200)
  })

  it('given a parked aggregate, reading it is refused at once; lists answer and name the sequence', async () => {
    const anna = user()
    const parked = await seedEntity(query.pool, { userId: anna, sequence: 1, title: 'stuck' })
    const other = await seedEntity(query.pool, { userId: anna, sequence: 2, title: 'fine' })
    await park(query.pool, anna, { sequence: 3, aggregateId: parked })
    await moveTo(anna, 3)
    const refused = await query.get(`/v1/entities/${parked}?min_sequence=3&wait=9000`, anna)
    expect(refused.status).toBe(503)
    expect(refused.json).toMatchObject({
      type: 'urn:synap:problem:parked',
      sequence: 3,
      reason: 'undecodable',
    })
    expect((await query.get(`/v1/entities/${parked}/content`, anna)).status).toBe(503)
    const stale = await query.get(`/v1/entities/${parked}?stale=allow`, anna)
    expect(stale.json).toMatchObject({ title: 'stuck' })
    expect((await query.get(`/v1/entities/${other}?min_sequence=3`, anna)).status).toBe(200)
    const list = await query.get('/v1/entities?min_sequence=3', anna)
    expect(list.status).toBe(200)
    expect(list.headers['synap-parked']).toBe('3')
    expect((await query.get('/v1/search?q=fine&mode=text', anna)).headers['synap-parked']).toBe('3')
    expect((await query.get('/v1/entities', user())).headers['synap-parked']).toBeUndefined()
  })

  it('given pages, each entity comes once, newest first, also while others are captured', async () => {
    const anna = user()
    const ids: string[] = []
    for (let number = 1; number <= 7; number += 1) {
      // Two at a time have the same time: the order must be one all the same.
      const createdAt = `2026-11-20T10:00:0${Math.floor(number / 2)}Z`
      ids.push(
        await seedEntity(query.pool, { userId: anna, sequence: number, title: `n${number}`, createdAt }),
      )
    }
    const seen: string[] = []
    let next: string | null = '/v1/entities?type=note&limit=3'
    for (let page = 0; next !== null && page < 10; page += 1) {
      const answer = await query.get(next, anna)
      expect(answer.status).toBe(200)
      seen.push(...answer.json.items.map((item: { id: string }) => item.id))
      const link = /^<([^>]+)>; rel="next"$/.exec(String(answer.headers['link'] ?? ''))
      expect(link === null).toBe(answer.json.next === null)
      next = link?.[1] ?? null
      await seedEntity(query.pool, {
        userId: anna,
        sequence: 8 + page,
        title: 'new',
        createdAt: '2026-11-21T00:00:00Z',
      })
    }
    expect(seen).toEqual([...ids].reverse())
  })

  it('given a cursor of another user or of another filter, or a changed one, it is refused', async () => {
    const [anna, bert] = [user(), user()]
    for (const userId of [anna, bert]) {
      for (const sequence of [1, 2]) await seedEntity(query.pool, { userId, sequence, title: 'x' })
    }
    const { json } = await query.get('/v1/entities?limit=1', anna)
    const at = (path: string, who: UserId) => query.get(`${path}&cursor=${json.next}`, who)
    expect((await at('/v1/entities?limit=1', anna)).status).toBe(200)
    const refused = [
      await at('/v1/entities?limit=1', bert),
      await at('/v1/entities?limit=1&type=note', anna),
      await query.get(`/v1/entities?cursor=${json.next.slice(0, -2)}AA`, anna),
    ]
    for (const { status, json: body } of refused) {
      expect(status).toBe(400)
      expect(body.errors).toEqual([{ path: 'query.cursor', message: 'is not a cursor of this list' }])
    }
  })

  it('given filters, only what fits comes', async () => {
    const anna = user()
    const seed = (sequence: number, more: object) =>
      seedEntity(query.pool, { userId: anna, sequence, title: `t${sequence}`, ...more })
    await seed(1, { type: 'task', task: { status: 'done', due: '2026-11-20' }, tags: ['Garden'] })
    await seed(2, { type: 'task', task: { status: 'todo', due: '2026-11-22T17:00:00Z' } })
    await seed(3, { type: 'note', createdAt: '2026-11-21T08:00:00Z' })
    // A note that was a task once keeps its particulars, and is no task.
    await seed(4, {
      type: 'note',
      task: { status: 'todo', due: '2026-11-22' },
      updatedAt: '2026-11-25T08:00:00Z',
    })
    const titles = async (filter: string) => {
      const { json } = await query.get(`/v1/entities?${filter}`, anna)
      return json.items.map((item: { title: string }) => item.title).sort()
    }
    expect(await titles('type=task')).toEqual(['t1', 't2'])
    expect(await titles('tag=garden')).toEqual(['t1'])
    expect(await titles('tag=%20GARDEN%20')).toEqual(['t1'])
    expect(await titles('status=todo')).toEqual(['t2'])
    expect(await titles('due_after=2026-11-20')).toEqual(['t2'])
    expect(await titles('due_before=2026-11-22')).toEqual(['t1'])
    expect(await titles('created_after=2026-11-21T00:00:00Z')).toEqual(['t3'])
    expect(await titles('created_before=2026-11-21T00:00:00Z')).toEqual(['t1', 't2', 't4'])
    expect(await titles('updated_after=2026-11-24T00:00:00%2B02:00')).toEqual(['t4'])
    expect(await titles('updated_before=2026-11-24T00:00:00Z&type=note')).toEqual(['t3'])
  })

  it.each([
    '/v1/entities?userId=x',
    '/v1/entities?type=secret',
    '/v1/entities?limit=0',
    '/v1/entities?limit=201',
    '/v1/entities?limit=5x',
    '/v1/entities?due_before=yesterday',
    '/v1/entities?cursor=%00',
    '/v1/search',
    '/v1/search?q=%20',
    '/v1/search?q=a%00b',
    '/v1/search?q=x&mode=magic',
    '/v1/entities/not-an-id',
    '/v1/entities/not-an-id/status',
    '/v1/entities/018F0000-0000-7000-8000-000000000001/content',
  ])('given %s, it is a 400 that names the field', async (path) => {
    const { status, headers } = await query.get(path, user())
    expect(status).toBe(400)
    expect(headers['content-type']).toContain('application/problem+json')
  })

  it('given no key, every route answers 401', async () => {
    for (const path of ['/v1/entities', `/v1/entities/${uuidv7()}`, '/v1/search?q=x']) {
      expect((await query.get(path)).status).toBe(401)
    }
  })
})
