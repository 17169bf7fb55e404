import { createOfflineProvider } from '@synap/ai'
import { type EntityId, type UserId, uuidv7 } from '@synap/core'
import { routesOf } from '@synap/http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seedEntity, seedRelation } from '../test/seed.ts'
import { seedEvents } from '../test/seed-events.ts'
import { type Answer, startQuery, type TestQuery } from '../test/start-query.ts'

const canary = 'canaryword of anna'
/** 32 hexadecimal characters, of an event of anna's and of no event. */
const [correlation, noCorrelation] = ['a1'.repeat(16), 'b2'.repeat(16)]

/** What anna has that a parameter can name, and the same that nobody has. */
const naming: Record<string, (id: string) => [hers: string, nobodys: string]> = {
  tag: () => [canary, 'no such tag'],
  any_tag: () => [canary, 'no such tag'],
  prefix: () => ['canary', 'nothing'],
  related_to: (id) => [id, uuidv7()],
  entity: (id) => [id, uuidv7()],
  aggregate: (id) => [id, uuidv7()],
  correlation: () => [correlation, noCorrelation],
}
/** Values under which everything of hers would show. A parameter that is in neither table fails the test. */
const opening: Record<string, readonly string[]> = {
  q: [canary, 'canary'],
  min_sequence: ['0'],
  wait: ['0'],
  stale: ['allow'],
  as_of: ['1', '2', '2026-11-21T08:00:00Z'],
  analyses: ['true'],
  passages: ['true'],
  type: [],
  status: [],
  relation: [],
  direction: [],
  mode: ['text', 'semantic', 'hybrid'],
  sort: [],
  order: [],
  by: [],
  depth: ['5'],
  limit: ['100'],
  redirect: ['1'],
  since: ['0'],
  from: [],
  to: [],
  due_before: ['2999-01-01'],
  due_after: ['1970-01-01'],
  created_before: ['2999-01-01T00:00:00Z'],
  created_after: ['1970-01-01T00:00:00Z'],
  updated_before: ['2999-01-01T00:00:00Z'],
  updated_after: ['1970-01-01T00:00:00Z'],
}

interface Read {
  path: string
  parameters: readonly string[]
}

describe('parameters that name what is somebody else’s', () => {
  const offline = createOfflineProvider()
  const [anna, bert] = [uuidv7() as UserId, uuidv7() as UserId]
  let query: TestQuery
  let id: EntityId
  let reads: Read[] = []

  beforeAll(async () => {
    query = await startQuery([offline], undefined, { lifeMs: 300 })
    const { vectors } = await offline.embed([canary], new AbortController().signal)
    const own = { vectors, model: offline.embeddingModel, type: 'task', task: { due: '2026-12-01' } }
    // two of everything of hers, so that every list has a second page; of his there is one
    for (const [userId, word, number] of [
      [anna, canary, 1],
      [anna, `${canary} again`, 2],
      [bert, 'bert', 1],
    ] as const) {
      const made = uuidv7() as EntityId
      if (number === 1 && userId === anna) id = made
      await seedEntity(query.pool, {
        userId,
        sequence: number,
        id: made,
        text: word,
        title: word,
        tags: [word],
        // two links of hers from each item, so that their list has a second page too
        links: userId === anna ? [canary, `${canary} again`] : [word],
        ...own,
      })
      await seedRelation(query.pool, {
        userId,
        source: made,
        target: userId === anna ? id : made,
        createdAt: `2026-11-2${number}T10:00:00Z`,
      })
      const event = { aggregateId: userId === anna ? id : made, version: number }
      const delta = { type: 'task', title: word }
      await seedEvents(query.pool, userId, [
        { ...event, delta, correlationId: userId === anna ? correlation : 'c3'.repeat(16) },
      ])
    }
    const { json } = await query.get('/openapi.json')
    const parametersOf = (path: string): { name: string; in: string }[] =>
      json.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.get?.parameters ?? []
    reads = routesOf(query.app)
      .filter(({ method, scopes }) => method === 'GET' && scopes?.includes('read'))
      .map(({ path }) => ({
        path,
        parameters: parametersOf(path).flatMap((one) => (one.in === 'query' ? [one.name] : [])),
      }))
  })
  afterAll(() => query.close())

  const ask = (path: string, given: Record<string, string>, user: UserId) => {
    const needed = path === '/v1/search' ? { q: 'canary' } : path.endsWith('/stream') ? { since: '0' } : {}
    const at = path.replaceAll(/:\w+/g, id)
    return query.get(`${at}?${new URLSearchParams({ ...needed, ...given }).toString()}`, user)
  }
  const told = ({ status, json, headers }: Answer) => {
    const { instance: _, correlationId: _id, tookMs: _took, ...body } = json ?? {}
    return { status, body, headers: Object.keys(headers).sort() }
  }

  it('given the route table, every parameter of every read has a value to try here', () => {
    expect(reads.length).toBeGreaterThan(16)
    const known = [...Object.keys(naming), ...Object.keys(opening), 'cursor']
    const all = new Set(reads.flatMap(({ parameters }) => parameters))
    expect([...all].filter((name) => !known.includes(name))).toEqual([])
  })

  it('given a parameter that names something of hers, he is told what he is told of what nobody has', async () => {
    let tried = 0
    for (const { path, parameters } of reads) {
      for (const name of parameters) {
        const [hers, nobodys] = naming[name]?.(id) ?? []
        if (hers === undefined || nobodys === undefined) continue
        const [foreign, unknown] = [
          await ask(path, { [name]: hers }, bert),
          await ask(path, { [name]: nobodys }, bert),
        ]
        expect([path, name, told(foreign)]).toEqual([path, name, told(unknown)])
        const own = [
          await ask(path, { [name]: hers }, anna),
          await ask(path, { [name]: nobodys }, anna),
        ] as const
        expect([path, name, told(own[0])]).not.toEqual([path, name, told(own[1])])
        tried += 1
      }
    }
    expect(tried).toBeGreaterThan(8)
  })

  it('given any other value, nothing of hers shows', async () => {
    for (const { path, parameters } of reads) {
      for (const name of parameters) {
        for (const value of opening[name] ?? []) {
          const { text } = await ask(path, { [name]: value }, bert)
          // Only what he asked for himself may be told back.
          const shown = name === 'q' ? text.replaceAll(value, '') : text
          expect([path, name, value, shown.includes('canaryword')]).toEqual([path, name, value, false])
        }
      }
    }
  })

  it('given a cursor of hers, it is refused to him and on every other list', async () => {
    const lists = reads.filter(({ parameters }) => parameters.includes('cursor'))
    expect(lists.length).toBeGreaterThan(5)
    for (const { path } of lists) {
      const first = await ask(path, { limit: '1' }, anna)
      expect([path, first.status, typeof first.json.next]).toEqual([path, 200, 'string'])
      const next = { cursor: String(first.json.next), limit: '1' }
      const hers = await ask(path, next, anna)
      expect([path, hers.status, hers.json.items.length]).toEqual([path, 200, 1])
      const his = await ask(path, next, bert)
      expect([path, his.status]).toEqual([path, path.includes(':') ? expect.any(Number) : 400])
      expect(his.status).toBeGreaterThanOrEqual(400)
      expect(his.text).not.toContain('canaryword')
      for (const other of lists.filter((list) => list.path !== path)) {
        expect([path, other.path, (await ask(other.path, next, anna)).status]).toEqual([
          path,
          other.path,
          400,
        ])
      }
    }
  })

  it('given her Last-Event-ID, he is told of his own events only', async () => {
    const streams = reads.filter(({ path }) => path.endsWith('/stream'))
    expect(streams).toHaveLength(1)
    for (const at of ['0', '1', '2', '99']) {
      const { status, text } = await query.get('/v1/events/stream', bert, { 'last-event-id': at })
      expect([at, [200, 400].includes(status), text.includes('canaryword'), text.includes(id)]).toEqual([
        at,
        true,
        false,
        false,
      ])
    }
  })
})
