import { createOfflineProvider } from '@synap/ai'
import { type EntityId, type UserId, uuidv7 } from '@synap/core'
import { routesOf } from '@synap/http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attachmentKeyOf, contentKeyOf, seedEntity, seedRelation } from '../test/seed.ts'
import { seedEvents } from '../test/seed-events.ts'
import { seedWritten } from '../test/seed-status.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

/** Of no user in particular: of what operators see no sequence could be told. */
const isOfOperators = (scopes: readonly string[]) => scopes.includes('operate')
/** Tells of the moment, and waits for nothing: an item's way is asked for while it is on it. */
const tellsOfNow = ['/v1/entities/:id/status']
/** Of work that has a state of its own, which is no part of the read model. */
const isWork = (route: string) => /^\/v1\/(exports\/|enrichments)/.test(route)
/** Read in their own tests: one has no end, the other needs work that is under way. */
const elsewhere = ['/v1/events/stream', '/v1/enrichments/:id']

describe('every read there is', () => {
  const anna = uuidv7() as UserId
  const id = uuidv7() as EntityId
  const attachment = `${id}-0123456789abcdef-bill.txt`
  let query: TestQuery
  /** With the ids of something that is there in place of parameters. */
  let reads: { path: string; route: string }[] = []

  beforeAll(async () => {
    query = await startQuery([createOfflineProvider()], undefined, { lifeMs: 300 })
    const attachments = [{ key: attachment, name: 'bill.txt', text: 'bill' }]
    await seedEntity(query.pool, { userId: anna, sequence: 1, id, text: 'milk', attachments, tags: ['home'] })
    await query.store.put(contentKeyOf({ userId: anna, id }), Buffer.from('milk'), {
      contentType: 'text/markdown',
    })
    await query.store.put(attachmentKeyOf(anna, attachment), Buffer.from('bill'), {
      contentType: 'text/plain',
    })
    await seedWritten(query.database, { userId: anna, id, version: 1, sequence: 1, sha256: null })
    const relation = await seedRelation(query.pool, { userId: anna, source: id, target: id })
    const [event] = await seedEvents(query.pool, anna, [{ aggregateId: id }])
    const made = await query.app.inject({
      method: 'POST',
      url: '/v1/exports',
      headers: { authorization: `Bearer ${anna}` },
    })
    const things: Record<string, string> = {
      events: event?.id ?? '',
      relations: relation,
      exports: String(made.json().id),
    }
    reads = routesOf(query.app)
      .filter(
        ({ method, path, scopes = [] }) =>
          method === 'GET' && !elsewhere.includes(path) && isRead(path, scopes),
      )
      .map(({ path }) => ({ route: path, path: path.replace(':id', things[path.split('/')[2] ?? ''] ?? id) }))
      .map(({ route, path }) => ({ route, path: path.replace(':key', attachment) }))
      .map(({ route, path }) => ({ route, path: path === '/v1/search' ? `${path}?q=milk` : path }))
  })
  afterAll(() => query.close())

  const isRead = (path: string, scopes: readonly string[]) =>
    path.startsWith('/v1/') && scopes.includes('read') && !isOfOperators(scopes)
  const ask = (path: string, more = '', headers: Record<string, string> = {}) =>
    query.get(`${path}${more === '' ? '' : `${path.includes('?') ? '&' : '?'}${more}`}`, anna, headers)
  const waiting = () => reads.filter(({ route }) => !tellsOfNow.includes(route) && !isWork(route))

  it('given what is there, each answers, and says the sequence that it is true for', async () => {
    expect(reads.length).toBeGreaterThan(16)
    for (const { route, path } of reads) {
      const { status, headers, text } = await ask(path)
      expect([route, status, text.slice(0, 200)]).toEqual([route, 200, expect.anything()])
      if (!isWork(route)) expect([route, headers['synap-sequence']]).toEqual([route, '1'])
    }
  })

  it('given a parameter that it does not know, each refuses it by its name', async () => {
    for (const { route, path } of reads) {
      const { status, json } = await ask(path, 'colour=red')
      expect([route, status]).toEqual([route, 400])
      expect(JSON.stringify(json.errors)).toContain('colour')
    }
  })

  it('given a sequence that has not come, each waits as long as it is told, and never shows older data unasked', async () => {
    for (const { route, path } of waiting()) {
      const early = await ask(path, 'min_sequence=7&wait=0')
      expect([route, early.status, Number(early.headers['retry-after'])]).toEqual([
        route,
        503,
        expect.any(Number),
      ])
      const asHeader = await ask(path, 'wait=0', { 'synap-min-sequence': '7' })
      expect([route, asHeader.status]).toEqual([route, 503])
      const stale = await ask(path, 'min_sequence=7&wait=0&stale=allow')
      expect([route, stale.status, stale.headers['synap-sequence']]).toEqual([route, 200, '1'])
    }
  })

  it('given no key, each is 401 and says no more', async () => {
    for (const { route, path } of reads) {
      const { status, headers } = await query.get(path)
      expect([route, status, headers['synap-sequence']]).toEqual([route, 401, undefined])
    }
  })

  it('given the description at /openapi.json, each is in it with what it does and what it answers', async () => {
    const { json } = await query.get('/openapi.json')
    for (const { route } of reads) {
      const described = json.paths[route.replaceAll(/:(\w+)/g, '{$1}')]?.get
      expect([route, typeof described?.summary, Object.keys(described?.responses ?? {})[0]]).toEqual([
        route,
        'string',
        '200',
      ])
    }
  })
})
