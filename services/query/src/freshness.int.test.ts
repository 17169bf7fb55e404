import { type EntityId, type UserId, uuidv7 } from '@synap/core'
import { createPositionWaiter, type ReadPositions } from '@synap/event-log'
import { query as ask, transaction } from '@synap/postgres'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { park, seedEntity, seedRelation, setSeen } from '../test/seed.ts'
import { openSlot, seedEvents } from '../test/seed-events.ts'
import { seedWritten } from '../test/seed-status.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'
import { createPositionReader, createReadModel } from './read-model.ts'

const user = () => uuidv7() as UserId
const never = 3_600_000
const longWait = { waitMs: 30_000, staleAllowed: false }
const { signal } = new AbortController()

describe('read your writes', () => {
  let query: TestQuery
  beforeAll(async () => {
    query = await startQuery()
  })
  afterAll(() => query.close())
  const moveTo = (userId: UserId, seen: number) =>
    transaction(query.pool, { role: 'synap_projector' }, (client) => setSeen(client, userId, seen))

  /** A read model whose waiter is looked at; it knows of no notification but those that the test passes on. */
  const watched = (recheckMs?: number) => {
    const readPositions = createPositionReader(query.pool)
    let looks = 0
    const counted: ReadPositions = async (users) => {
      const positions = await readPositions(users)
      looks += 1
      return positions
    }
    const waiter = createPositionWaiter({
      readPositions: counted,
      ...(recheckMs !== undefined && { recheckMs }),
    })
    let waits = 0
    const watchedWaiter: typeof waiter = {
      ...waiter,
      mayBeReached: (...wanted) => {
        waits += 1
        return waiter.mayBeReached(...wanted)
      },
    }
    let reads = 0
    const model = createReadModel(query.pool, watchedWaiter)
    const read = (userId: UserId, minSequence: number, waitMs = longWait.waitMs) =>
      model.read(
        { userId, freshness: { ...longWait, minSequence, waitMs }, signal },
        ({ position }) => Promise.resolve(position.seen),
        () => {
          reads += 1
        },
      )
    const wake = () => waiter.wake()
    const tell = (userId: UserId, seen: number) => waiter.wake(new Map([[userId, seen]]))
    return { model, read, wake, tell, looks: () => looks, waits: () => waits, reads: () => reads }
  }

  it('given a store that is level, nobody looks a second time: one transaction answers', async () => {
    const anna = user()
    await moveTo(anna, 3)
    const { read, looks } = watched()
    expect(await read(anna, 3)).toBe(3)
    expect(looks()).toBe(0)
  })

  it('given a notification, it alone sends the reader to read again; without one nobody polls', async () => {
    const anna = user()
    const { read, wake, waits, reads, looks } = watched(never)
    const reading = read(anna, 1)
    await eventually('the reader waits', () => waits() === 1)
    await moveTo(anna, 1)
    wake()
    expect(await reading).toBe(1)
    expect([reads(), looks()]).toEqual([2, 0])
  })

  it('given a notification that is about others, the reader waits on', async () => {
    const [anna, bert] = [user(), user()]
    const { read, wake, waits, reads } = watched(never)
    const reading = read(anna, 1)
    await eventually('the reader waits', () => waits() === 1)
    await moveTo(bert, 1)
    wake()
    await eventually('the reader waits again', () => waits() === 2)
    await moveTo(anna, 1)
    wake()
    expect(await reading).toBe(1)
    expect(reads()).toBe(3)
  })

  it('given a reader who is known to come too early, nobody looks before he is told', async () => {
    const anna = user()
    const { read, tell, waits, reads, looks } = watched(never)
    await moveTo(anna, 2)
    tell(anna, 1)
    const reading = read(anna, 2)
    expect([waits(), reads()]).toEqual([1, 0])
    tell(anna, 2)
    expect(await reading).toBe(2)
    expect([waits(), reads(), looks()]).toEqual([1, 1, 0])
  })

  it('given what was said that is not so, or no more, the answer is true all the same', async () => {
    const anna = user()
    const { read, tell } = watched()
    await moveTo(anna, 1)
    // Of another read model that is ahead of this one.
    tell(anna, 2)
    const early = read(anna, 2)
    await moveTo(anna, 2)
    expect(await early).toBe(2)
    // A notification that was lost: it is found, and by the deadline of a short wait, too.
    await moveTo(anna, 3)
    expect(await read(anna, 3, 10)).toBe(3)
    expect(await read(anna, 3)).toBe(3)
  })

  it('given an aggregate that is parked, who is known to come too early is refused as soon as it was looked for', async () => {
    const anna = user()
    const id = await seedEntity(query.pool, { userId: anna, sequence: 1, title: 'stuck' })
    await park(query.pool, anna, { sequence: 2, aggregateId: id })
    await moveTo(anna, 2)
    const { tell, model } = watched(never)
    tell(anna, 2)
    const freshness = { ...longWait, minSequence: 9 }
    const refused = model.read(
      { userId: anna, freshness, aggregateId: id, signal },
      async () => 1,
      () => undefined,
    )
    await expect(refused).rejects.toMatchObject({ kind: 'parked' })
  })

  it('given notifications without end, the wait ends in time all the same', async () => {
    const { read, wake } = watched(never)
    const waking = setInterval(wake, 1)
    try {
      await expect(read(user(), 1, 50)).rejects.toMatchObject({ kind: 'notCaughtUp' })
    } finally {
      clearInterval(waking)
    }
  })

  it('given many readers, one look is made for all of them', async () => {
    const anna = user()
    const { read, wake, waits, reads, looks } = watched(never)
    const readings = Array.from({ length: 8 }, () => read(anna, 1))
    await eventually('the readers wait', () => waits() === 8)
    await moveTo(anna, 1)
    wake()
    expect(await Promise.all(readings)).toEqual(readings.map(() => 1))
    expect([reads(), looks()]).toEqual([16, 1])
  })

  it('given a notification that is lost, the position is found all the same', async () => {
    const anna = user()
    const { read, looks } = watched()
    const reading = read(anna, 1)
    await eventually('the reader waits', () => looks() >= 1)
    await moveTo(anna, 1)
    expect(await reading).toBe(1)
    // At the end of the wait it would be found too.
    expect(looks()).toBeGreaterThan(1)
  })

  it('given readers that wait, no transaction is open meanwhile', async () => {
    const anna = user()
    const { read, wake, waits } = watched(never)
    const readings = [read(anna, 1), read(anna, 1), read(anna, 2)]
    await eventually('the readers wait', () => waits() === 3)
    await eventually('no transaction of query is open', async () => {
      const open = await ask(query.pool, {
        text: `select 1 from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
                 and application_name = 'query-test'`,
        values: [],
      })
      return open.length === 0
    })
    expect(await Promise.race([...readings, Promise.resolve('waiting')])).toBe('waiting')
    await moveTo(anna, 2)
    wake()
    expect(await Promise.all(readings)).toEqual([2, 2, 2])
  })

  it('given a parked aggregate and a sequence that is far, the refusal comes before any wait', async () => {
    const anna = user()
    const id = await seedEntity(query.pool, { userId: anna, sequence: 1, title: 'stuck' })
    await park(query.pool, anna, { sequence: 2, aggregateId: id })
    await moveTo(anna, 2)
    for (const path of [`/v1/entities/${id}`, `/v1/entities/${id}/content`, `/v1/entities/${id}/graph`]) {
      const { status, json, headers } = await query.get(`${path}?min_sequence=9&wait=9000`, anna)
      expect([path, status, json.type]).toEqual([path, 503, 'urn:synap:problem:parked'])
      expect(headers['retry-after']).toBe('60')
    }
    await park(query.pool, anna, { sequence: 3, aggregateId: anna })
    expect((await query.get('/v1/me', anna)).json.type).toBe('urn:synap:problem:parked')
    expect((await query.get('/v1/me?stale=allow', anna)).status).toBe(200)
  })

  it('given an event that is applied during the wait, the answer names it as parked no more', async () => {
    const anna = user()
    await park(query.pool, anna, { sequence: 1, aggregateId: uuidv7() })
    await moveTo(anna, 1)
    const before = await query.get('/v1/entities?min_sequence=2&wait=1&stale=allow', anna)
    expect(before.headers).toMatchObject({ 'synap-parked': '1', 'synap-sequence': '1' })
    const reading = query.get('/v1/entities?min_sequence=2&wait=9000', anna)
    await transaction(query.pool, { role: 'synap_projector' }, async (client) => {
      const values = [anna]
      await ask(client, { text: `update read_v1.parked set state = 'applied' where user_id = $1`, values })
      await setSeen(client, anna, 2)
    })
    const { headers } = await reading
    expect(headers['synap-sequence']).toBe('2')
    expect(headers['synap-parked']).toBeUndefined()
  })

  it('given any read that takes min_sequence, it never answers older data but when that is allowed', async () => {
    const anna = user()
    const id = uuidv7() as EntityId
    await seedEntity(query.pool, { userId: anna, sequence: 1, id, title: 'old', attachments: [] })
    await seedRelation(query.pool, { userId: anna, id, source: id, target: id })
    await seedWritten(query.database, { userId: anna, id, version: 1, sequence: 1, sha256: null })
    await seedEvents(query.pool, anna, [{ id, aggregateId: id, delta: { type: 'note', title: 'old' } }])
    const { paths } = (await query.get('/openapi.json')).json
    const reads = Object.keys(paths).filter((path) =>
      paths[path].get?.parameters?.some(({ name }: { name: string }) => name === 'min_sequence'),
    )
    expect(reads.length).toBeGreaterThan(12)
    for (const path of reads) {
      const url = `${path.replace(/\{[^}]+\}/g, id)}?min_sequence=2&wait=1${path === '/v1/search' ? '&q=old' : ''}`
      const refused = await query.get(url, anna)
      expect([path, refused.status, refused.json?.type]).toEqual([
        path,
        503,
        'urn:synap:problem:not-caught-up',
      ])
      expect(refused.headers).toMatchObject({ 'retry-after': '1', 'synap-sequence': '1' })
      if (path === '/v1/events/stream') continue // never ends; it says its sequence in each message
      const stale = await query.get(`${url}&stale=allow`, anna)
      expect([path, stale.status < 500, stale.headers['synap-sequence']]).toEqual([path, true, '1'])
    }
  })

  it('given a past that the log has in part, a stale answer says how far it is true', async () => {
    const anna = user()
    const id = uuidv7()
    await seedEvents(query.pool, anna, [{ aggregateId: id, delta: { type: 'note', title: 'first' } }])
    const at = (more: string) => query.get(`/v1/entities/${id}?${more}&wait=1`, anna)
    expect((await at('as_of=5')).status).toBe(503)
    const stale = await at('as_of=5&stale=allow')
    expect([stale.status, stale.headers['synap-sequence']]).toEqual([200, '1'])
    // The last event of the entity is parked: no gap tells of it.
    await openSlot(query.pool, anna, { sequence: 2, aggregateId: id })
    expect((await at('as_of=1')).status).toBe(200)
    const refused = await at('as_of=2')
    expect([refused.status, refused.json.type]).toEqual([503, 'urn:synap:problem:parked'])
    const allowed = await at('as_of=2&stale=allow')
    expect(allowed.headers).toMatchObject({ 'synap-sequence': '2', 'synap-parked': '2' })
    expect((await query.get('/v1/entities?as_of=2', anna)).headers['synap-parked']).toBe('2')
  })
})
