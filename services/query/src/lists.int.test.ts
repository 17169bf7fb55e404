import { type UserId, uuidv7 } from '@synap/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seedEntity, seedRelation } from '../test/seed.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

describe('lists of entities', () => {
  const anna = uuidv7() as UserId
  let query: TestQuery
  const ids: Record<string, string> = {}

  beforeAll(async () => {
    query = await startQuery()
    const seed = async (title: string, more: object) => {
      ids[title] = await seedEntity(query.pool, { userId: anna, sequence: 1, title, ...more })
    }
    const day = (created: number, updated = created) => ({
      createdAt: `2026-11-0${created}T00:00:00Z`,
      updatedAt: `2026-11-0${updated}T00:00:00Z`,
    })
    await seed('banana bread', { ...day(1, 9), tags: ['food', 'home'], text: 'flour and bananas' })
    await seed('Apple tree', { ...day(2), tags: ['Garden'], text: 'prune it in winter' })
    await seed('cherry jam', { ...day(3, 5), type: 'task', task: { due: '2026-12-01' }, tags: ['kitchen'] })
    await seed('dig the bed', { ...day(4), type: 'task', task: { due: '2026-11-30', status: 'done' } })
    await seed('gone', { ...day(5), tags: ['food'], deleted: true })
    const of = (title: string) => ids[title] ?? ''
    await seedRelation(query.pool, {
      userId: anna,
      type: 'blocks',
      source: of('dig the bed'),
      target: of('Apple tree'),
    })
    await seedRelation(query.pool, { userId: anna, source: of('Apple tree'), target: of('banana bread') })
    await seedRelation(query.pool, {
      userId: anna,
      source: of('cherry jam'),
      target: of('Apple tree'),
      deleted: true,
    })
  })
  afterAll(() => query.close())

  /** Titles, read two at a time. */
  const titles = async (parameters = ''): Promise<string[]> => {
    const found: string[] = []
    for (let path: string | undefined = `/v1/entities?limit=2${parameters}`; path !== undefined; ) {
      const answer = await query.get(path, anna)
      expect([path, answer.status]).toEqual([path, 200])
      found.push(...answer.json.items.map(({ title }: { title: string }) => title))
      path = /^<([^>]+)>/.exec(String(answer.headers['link'] ?? ''))?.[1]
    }
    return found
  }
  const [bread, apple, cherry, dig] = ['banana bread', 'Apple tree', 'cherry jam', 'dig the bed']

  it.each([
    { sort: '', expected: [dig, cherry, apple, bread] },
    { sort: 'created', expected: [bread, apple, cherry, dig] },
    { sort: '-updated', expected: [bread, cherry, dig, apple] },
    { sort: 'updated', expected: [apple, dig, cherry, bread] },
    { sort: 'title', expected: [apple, bread, cherry, dig] },
    { sort: '-title', expected: [dig, cherry, bread, apple] },
  ])('given the order "$sort", every item comes once, in that order', async ({ sort, expected }) => {
    expect(await titles(sort === '' ? '' : `&sort=${sort}`)).toEqual(expected)
  })

  it('given titles as long as they may be, a list by title goes on behind each of them', async () => {
    const bert = uuidv7() as UserId
    const long = ['\u{1}', '"', '字', '𝄞'].map((sign) => sign.repeat(500 / sign.length))
    for (const title of long) await seedEntity(query.pool, { userId: bert, sequence: 1, title })
    let seen = 0
    for (let path: string | undefined = '/v1/entities?limit=1&sort=title'; path !== undefined; seen += 1) {
      const answer = await query.get(path, bert)
      expect([seen, answer.status]).toEqual([seen, 200])
      path = /^<([^>]+)>/.exec(String(answer.headers['link'] ?? ''))?.[1]
    }
    expect(seen).toBe(long.length)
  })

  it('given the order by due date, what has none comes last, also the other way round', async () => {
    expect(await titles('&sort=due')).toEqual([dig, cherry, bread, apple])
    expect(await titles('&sort=-due')).toEqual([cherry, dig, apple, bread])
  })

  it.each([
    { filter: 'tag=food', expected: [bread] },
    { filter: 'tag=FOOD&tag=home', expected: [bread] },
    { filter: 'tag=food&tag=garden', expected: [] },
    { filter: 'any_tag=food&any_tag=garden', expected: [apple, bread] },
    { filter: 'any_tag=kitchen&tag=food', expected: [] },
    { filter: 'type=task&type=idea', expected: [dig, cherry] },
    { filter: 'status=done&status=cancelled', expected: [dig] },
    { filter: 'q=winter', expected: [apple] },
    { filter: 'q=bananas', expected: [bread] },
    { filter: 'q=garden', expected: [apple] },
    { filter: 'q=%22%3A%26!', expected: [] },
    { filter: 'relation=blocks', expected: [dig, apple] },
    { filter: 'updated_after=2026-11-04T12:00:00Z', expected: [cherry, bread] },
    { filter: 'created_before=2026-11-03T00:00:00Z&q=tree', expected: [apple] },
  ])('given $filter, only what fits is listed', async ({ filter, expected }) => {
    expect(await titles(`&${filter}`)).toEqual(expected)
  })

  it('given an item, what is connected with it is listed, from whichever end', async () => {
    expect(await titles(`&related_to=${ids[apple]}`)).toEqual([dig, bread])
    expect(await titles(`&related_to=${ids[apple]}&relation=blocks`)).toEqual([dig])
    expect(await titles(`&related_to=${ids[dig]}`)).toEqual([apple])
  })

  it('given a cursor of another order or filter, or an order that there is not, it is refused', async () => {
    const { next } = (await query.get('/v1/entities?limit=2&sort=title', anna)).json
    for (const parameters of [`cursor=${next}`, `sort=title&tag=food&cursor=${next}`, 'sort=size']) {
      expect((await query.get(`/v1/entities?${parameters}`, anna)).status).toBe(400)
    }
  })
})
