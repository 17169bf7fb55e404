import { createOfflineProvider } from '@synap/ai'
import { type EntityId, type UserId, uuidv7 } from '@synap/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attachmentKeyOf, contentKeyOf, seedEntity, seedRelation, textKeyOf } from '../test/seed.ts'
import { seedEvents } from '../test/seed-events.ts'
import { seedWritten } from '../test/seed-status.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

/** Query parameters without which a route cannot be asked. */
const needed: Record<string, string> = { '/v1/search': '?q=canaryword', '/v1/events/stream': '?since=0' }
/** Answers with numbers only, and one with other items than the canary's: related.int.test.ts has it tried by somebody else. */
const withoutWords = [
  '/v1/entities/{id}/related',
  '/v1/enrichment',
  '/v1/entities/{id}/status',
  '/v1/stats',
  '/v1/events/counts',
  '/v1/me',
  '/v1/relations',
  '/v1/relations/{id}',
]
/** Ids of their own: exports.int.test.ts and enrichments.int.test.ts have them tried by somebody else. */
const isWork = (path: string) => /^\/v1\/(exports|enrichments)(\/|$)/.test(path)
/** Marks on what is one's own: enrichment.int.test.ts has them tried by somebody else. */
const isMark = (path: string) => path.startsWith('/v1/enrichment:')
const ourRoutes = (path: string) => path.startsWith('/v1/') && !isWork(path) && !isMark(path)
/** Over all users: nobody's own, and closed to everybody without the scope. */
const ofOperators = (path: string) =>
  path.startsWith('/v1/parked') || path.startsWith('/v1/enrichment/budgets')

describe('two users', () => {
  const offline = createOfflineProvider()
  const [anna, bert] = [uuidv7() as UserId, uuidv7() as UserId]
  const canary = 'canaryword of anna'
  let query: TestQuery
  let id: EntityId
  let paths: string[] = []
  let operating: [path: string, method: string][] = []

  beforeAll(async () => {
    // streams end by themselves, so that they can be looked at as a whole
    query = await startQuery([offline], undefined, { lifeMs: 300 })
    const { vectors } = await offline.embed([canary], new AbortController().signal)
    const seeded = {
      links: [canary],
      text: canary,
      title: canary,
      tags: [canary],
      vectors,
      model: offline.embeddingModel,
    }
    for (const userId of [anna, bert]) {
      const own =
        userId === anna ? seeded : { text: 'bert', title: 'bert', vectors, model: offline.embeddingModel }
      // one id leads to everything: the entity, what is attached to it, a relation
      const made = uuidv7() as EntityId
      const attachments = [{ key: made, name: 'a.txt', text: own.text }]
      const task = { type: 'task', task: {} }
      await seedEntity(query.pool, { userId, sequence: 1, id: made, attachments, ...task, ...own })
      await query.store.put(attachmentKeyOf(userId, made), Buffer.from(own.text), {
        contentType: 'text/plain',
      })
      await seedRelation(query.pool, { userId, id: made, source: made, target: made })
      await seedWritten(query.database, { userId, id: made, version: 1, sequence: 1, sha256: null })
      // an event with the id of the entity: one id leads to both
      const delta = { type: 'note', title: own.title }
      await seedEvents(query.pool, userId, [{ id: made, aggregateId: made, delta }])
      for (const key of [contentKeyOf({ userId, id: made }), textKeyOf({ userId, id: made })]) {
        await query.store.put(key, Buffer.from(own.text), { contentType: 'text/plain' })
      }
      if (userId === anna) id = made
    }
    const { json } = await query.get('/openapi.json')
    const all = Object.keys(json.paths).filter(ourRoutes)
    paths = all.filter((path) => !ofOperators(path))
    operating = all
      .filter(ofOperators)
      .flatMap((path) => Object.keys(json.paths[path]).map((method): [string, string] => [path, method]))
  })
  afterAll(() => query.close())

  const url = (path: string, entityId: string) => path.replace(/\{[^}]+\}/g, entityId) + (needed[path] ?? '')
  const withoutIds = ({ json }: { json: Record<string, unknown> }) => {
    const { instance: _, correlationId: _id, ...body } = json
    return body
  }

  it('given the route table, every read is in this test', () => {
    expect(paths.sort()).toEqual([
      '/v1/enrichment',
      '/v1/entities',
      '/v1/entities/{id}',
      '/v1/entities/{id}/attachments/{key}',
      '/v1/entities/{id}/content',
      '/v1/entities/{id}/graph',
      '/v1/entities/{id}/history',
      '/v1/entities/{id}/links',
      '/v1/entities/{id}/related',
      '/v1/entities/{id}/status',
      '/v1/events',
      '/v1/events/counts',
      '/v1/events/stream',
      '/v1/events/{id}/chain',
      '/v1/me',
      '/v1/relations',
      '/v1/relations/{id}',
      '/v1/search',
      '/v1/stats',
      '/v1/tags',
      '/v1/tasks',
    ])
  })

  it('given the routes of operators, the scope opens them, and no user has it', async () => {
    expect(operating.length).toBeGreaterThan(3)
    for (const [path, method] of operating) {
      const { statusCode, body } = await query.app.inject({
        method: method.toUpperCase() as 'GET' | 'POST',
        url: path.replace('{group}', '0123456789ab').replace('{user}', bert),
        headers: { authorization: `Bearer ${anna}` },
        ...(method === 'post' && { payload: { reason: 'none of my business', upTo: 1 } }),
      })
      expect([path, method, statusCode]).toEqual([path, method, 403])
      expect(body).toContain('operate')
    }
  })

  it('given the owner, every route shows the canary or at least answers', async () => {
    for (const path of paths) {
      const answer = await query.get(url(path, id), anna)
      expect([path, answer.status]).toEqual([path, 200])
      if (!withoutWords.includes(path))
        expect([path, answer.text.includes('canaryword')]).toEqual([path, true])
    }
  })

  it('given somebody else, no route shows it; with an id it answers as for an id that nobody has', async () => {
    for (const path of paths) {
      for (const more of ['', '&redirect=1', '&stale=allow&min_sequence=99&wait=0']) {
        const query_ = (at: string) => `${at}${at.includes('?') || more === '' ? more : `?${more.slice(1)}`}`
        const foreign = await query.get(query_(url(path, id)), bert)
        expect(foreign.text).not.toContain('canaryword of anna')
        if (!path.includes('{')) continue
        const unknown = await query.get(query_(url(path, uuidv7())), bert)
        expect([path, more, foreign.status]).toEqual([path, more, unknown.status])
        expect(withoutIds(foreign)).toEqual(withoutIds(unknown))
        if (more === '') expect(foreign.status).toBe(404)
      }
    }
  })

  it('given anna’s id in every other parameter, bert still sees nothing', async () => {
    for (const path of [
      '/v1/entities?tag=canaryword%20of%20anna',
      '/v1/entities?any_tag=canaryword%20of%20anna',
      '/v1/entities?q=canaryword',
      `/v1/entities?related_to=${id}`,
      '/v1/entities?as_of=1',
      `/v1/search?q=${id}`,
      '/v1/search?q=anna&mode=text',
    ]) {
      const { status, text } = await query.get(path, bert)
      expect(status).toBe(200)
      expect(text).not.toContain('canaryword')
      expect(text).not.toContain(id)
    }
  })
})
