import { type UserId, uuidv7 } from '@synap/core'
import { execute, transaction } from '@synap/postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seedEntity, seedRelation } from '../test/seed.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

const user = () => uuidv7() as UserId

let query: TestQuery
beforeAll(async () => {
  query = await startQuery()
})
afterAll(() => query.close())

const asProjector = (text: string, values: unknown[]) =>
  transaction(query.pool, { role: 'synap_projector' }, (client) => execute(client, { text, values }))

/** Every item of a list, page by page. */
async function all(path: string, who: UserId): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = []
  for (let next: string | null = path; next !== null; ) {
    const answer = await query.get(next, who)
    expect(answer.status).toBe(200)
    items.push(...answer.json.items)
    const link = /^<([^>]+)>; rel="next"$/.exec(String(answer.headers['link'] ?? ''))?.[1]
    expect(link === undefined).toBe(answer.json.next === null)
    next = link ?? null
  }
  return items
}

describe('GET /v1/tags', () => {
  it('given tags, they come by name with colour and the number of items that are there', async () => {
    const anna = user()
    await seedEntity(query.pool, { userId: anna, sequence: 1, title: 'a', tags: ['Zoo', 'errands'] })
    await seedEntity(query.pool, { userId: anna, sequence: 2, title: 'b', tags: ['Élan'], deleted: true })
    await asProjector(`update read_v1.tags set color = '#00ff00' where user_id = $1 and name = 'Zoo'`, [anna])
    const { json } = await query.get('/v1/tags', anna)
    expect(json.items).toMatchObject([
      { name: 'errands', color: null, count: 1 },
      { name: 'Zoo', color: '#00ff00', count: 1 },
      { name: 'Élan', color: null, count: 0 },
    ])
    expect((await query.get('/v1/tags?prefix=ZO', anna)).json.items).toMatchObject([{ name: 'Zoo' }])
    expect((await query.get('/v1/tags?prefix=%25', anna)).json.items).toEqual([])
  })

  it('given more than a page, every tag comes once; a cursor is of no use to somebody else', async () => {
    const [anna, bert] = [user(), user()]
    const names = Array.from({ length: 7 }, (_, index) => `tag ${index}`)
    await seedEntity(query.pool, { userId: anna, sequence: 1, title: 'a', tags: names })
    expect((await all('/v1/tags?limit=3', anna)).map(({ name }) => name)).toEqual(names)
    const { next } = (await query.get('/v1/tags?limit=3', anna)).json
    expect((await query.get(`/v1/tags?cursor=${next}`, bert)).status).toBe(400)
    expect((await query.get(`/v1/tags?prefix=t&cursor=${next}`, anna)).status).toBe(400)
    expect((await query.get(`/v1/tasks?cursor=${next}`, anna)).status).toBe(400)
  })
})

describe('GET /v1/tasks', () => {
  it('given tasks, the open ones come by day, priority and age, those without a day last', async () => {
    const anna = user()
    const task = (title: string, particulars: object) =>
      seedEntity(query.pool, {
        userId: anna,
        sequence: 1,
        type: 'task',
        title,
        tags: [title],
        task: particulars,
      })
    await task('someday', {})
    await task('later', { due: '2026-12-02' })
    await task('soon', { due: '2026-12-01' })
    await task('soon and urgent', { due: '2026-12-01T09:00:00Z', priority: 3, status: 'in_progress' })
    await task('done', { due: '2026-11-01', status: 'done' })
    await seedEntity(query.pool, { userId: anna, sequence: 1, title: 'a note', task: { due: '2026-11-01' } })
    const titles = async (parameters: string) =>
      (await all(`/v1/tasks?limit=2${parameters}`, anna)).map(({ title }) => title)
    expect(await titles('')).toEqual(['soon and urgent', 'soon', 'later', 'someday'])
    expect(await titles('&status=any')).toEqual(['done', 'soon and urgent', 'soon', 'later', 'someday'])
    expect(await titles('&status=done')).toEqual(['done'])
    expect(await titles('&due_before=2026-12-02&due_after=2026-11-30')).toEqual(['soon and urgent', 'soon'])
    expect(await titles('&tag=SOON')).toEqual(['soon'])
    expect((await query.get('/v1/tasks?status=wrong', anna)).status).toBe(400)
  })
})

describe('relations', () => {
  const note = (userId: UserId, title: string, more: object = {}) =>
    seedEntity(query.pool, { userId, sequence: 1, title, ...more })

  it('given relations, they come newest first, seen from either end, without those whose end is gone', async () => {
    const anna = user()
    const [a, b, c] = [await note(anna, 'a'), await note(anna, 'b'), await note(anna, 'c', { deleted: true })]
    const day = (n: number) => ({ createdAt: `2026-11-0${n}T00:00:00Z` })
    const first = await seedRelation(query.pool, {
      userId: anna,
      type: 'blocks',
      source: a,
      target: b,
      ...day(1),
    })
    const second = await seedRelation(query.pool, {
      userId: anna,
      type: 'contains',
      source: b,
      target: a,
      ...day(2),
    })
    const hidden = await seedRelation(query.pool, { userId: anna, source: a, target: c, ...day(3) })
    await seedRelation(query.pool, { userId: anna, source: a, target: b, deleted: true, ...day(4) })
    const ids = async (parameters: string) =>
      (await all(`/v1/relations?limit=1${parameters}`, anna)).map(({ id }) => id)
    expect(await ids('')).toEqual([second, first])
    expect(await ids(`&entity=${a}&direction=out`)).toEqual([first])
    expect(await ids(`&entity=${a}&direction=in`)).toEqual([second])
    expect(await ids(`&entity=${a}&type=contains`)).toEqual([second])
    expect(await ids(`&entity=${uuidv7()}`)).toEqual([])
    const one = await query.get(`/v1/relations/${first}`, anna)
    expect(one.json).toMatchObject({ id: first, type: 'blocks', source: a, target: b, version: 1 })
    expect(one.headers['etag']).toBe('"1"')
    expect((await query.get(`/v1/relations/${hidden}`, anna)).status).toBe(404)
    expect((await query.get(`/v1/relations/${first}`, user())).status).toBe(404)
  })

  it('given a chain with a circle, the graph is what lies within so many steps, with all that connects it', async () => {
    const anna = user()
    const ids = []
    for (const title of ['a', 'b', 'c', 'd']) ids.push(await note(anna, title))
    const [a = '', b = '', c = '', d = ''] = ids
    const link = (source: string, target: string, type?: string) =>
      seedRelation(query.pool, { userId: anna, source, target, ...(type === undefined ? {} : { type }) })
    const edges = [await link(a, b), await link(b, c), await link(c, a), await link(c, d, 'blocks')]
    const graph = async (parameters: string) => {
      const { json } = await query.get(`/v1/entities/${a}/graph?${parameters}`, anna)
      return {
        nodes: json.nodes.map(
          ({ title, distance }: { title: string; distance: number }) => `${title}${distance}`,
        ),
        edges: json.edges.map(({ id }: { id: string }) => id).sort(),
        truncated: json.truncated,
      }
    }
    expect(await graph('')).toEqual({
      nodes: ['a0', 'b1', 'c1'],
      edges: edges.slice(0, 3).sort(),
      truncated: false,
    })
    expect((await graph('depth=2')).nodes).toEqual(['a0', 'b1', 'c1', 'd2'])
    expect(await graph('depth=2&type=blocks')).toEqual({ nodes: ['a0'], edges: [], truncated: false })
    expect(await graph('depth=2&limit=2')).toMatchObject({ nodes: ['a0', 'b1'], truncated: true })
    expect((await query.get(`/v1/entities/${a}/graph`, user())).status).toBe(404)
    expect((await query.get(`/v1/entities/${a}/graph?depth=6`, anna)).status).toBe(400)
  })
})

describe('GET /v1/me', () => {
  it('given settings or none, they are told', async () => {
    const anna = user()
    expect((await query.get('/v1/me', anna)).json).toEqual({ id: anna, timeZone: null, language: null })
    await asProjector(
      `insert into read_v1.user_settings (user_id, time_zone, language, sequence) values ($1, 'Europe/Berlin', 'de', 1)`,
      [anna],
    )
    expect((await query.get('/v1/me', anna)).json).toEqual({
      id: anna,
      timeZone: 'Europe/Berlin',
      language: 'de',
    })
  })
})
