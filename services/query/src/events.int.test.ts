import { type EventId, sha256Hex, type UserId, uuidv7 } from '@synap/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { closeSlot, openSlot, seedEvents } from '../test/seed-events.ts'
import { seedJob } from '../test/seed-status.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

const analysis = { aggregateType: 'analysis', actorKind: 'ai' }

describe('the log over HTTP', () => {
  let query: TestQuery
  let anna: UserId
  beforeAll(async () => {
    query = await startQuery()
  })
  afterAll(() => query.close())
  beforeEach(() => {
    anna = uuidv7() as UserId
  })
  const seed = (events: Parameters<typeof seedEvents>[2]) => seedEvents(query.pool, anna, events)
  const get = (path: string) => query.get(path, anna)
  const sequences = ({ json }: { json: { items: { sequence: number }[] } }) =>
    json.items.map(({ sequence }) => sequence)
  const many = (count: number) => Array.from({ length: count }, () => ({}))

  it('given events, they are listed newest first, with all that they say and the sequence of the answer', async () => {
    const [first] = await seed([
      { at: Date.UTC(2026, 10, 20), delta: { type: 'note', title: 'x' }, actorKind: 'ai' },
      {},
    ])
    const answer = await get('/v1/events')
    expect(answer).toMatchObject({ status: 200, headers: { 'synap-sequence': '2' } })
    expect(sequences(answer)).toEqual([2, 1])
    expect(answer.json.items[1]).toEqual({
      id: first?.id,
      type: 'entity.created',
      aggregateType: 'entity',
      aggregateId: first?.aggregateId,
      version: 1,
      sequence: 1,
      occurredAt: '2026-11-20T00:00:00.000Z',
      source: 'api',
      correlationId: expect.stringMatching(/^[0-9a-f]{32}$/),
      causationId: null,
      actor: { kind: 'ai', id: null },
      delta: { type: 'note', title: 'x' },
    })
  })

  it('given filters, only what fits all of them is listed', async () => {
    const aggregateId = uuidv7()
    const correlationId = uuidv7().replaceAll('-', '')
    const day = Date.UTC(2026, 10, 20)
    await seed([
      { aggregateId, at: day },
      { aggregateId, type: 'entity.deleted', version: 2, at: day + 1, correlationId },
      { type: 'entity.deleted', at: day + 2 },
      { type: 'tomorrow.happened', at: day + 3, correlationId },
    ])
    for (const [filter, expected] of [
      ['type=entity.deleted', [3, 2]],
      ['type=entity.deleted,tomorrow.happened', [4, 3, 2]],
      [`aggregate=${aggregateId}`, [2, 1]],
      [`correlation=${correlationId}`, [4, 2]],
      [`correlation=${correlationId}&type=entity.deleted`, [2]],
      ['from=2026-11-20T00:00:00.001Z&to=2026-11-20T00:00:00.003Z', [3, 2]],
      ['from=2026-11-20T02:00:00.002%2B02:00', [4, 3]],
      ['since=2', [3, 4]],
      ['since=2&order=newest', [4, 3]],
      ['order=oldest&limit=2', [1, 2]],
      ['type=entity.restored', []],
    ] as const) {
      expect([filter, sequences(await get(`/v1/events?${filter}`))]).toEqual([filter, expected])
    }
  })

  it.each([
    'type=Created',
    'type=',
    'aggregate=x',
    'correlation=xyz',
    'from=yesterday',
    'since=-1',
    'since=1.5',
    'order=random',
    'limit=0',
    'limit=201',
    'cursor=x',
    'user=me',
  ])('given %s, it is refused and the parameter is named', async (parameter) => {
    const { status, json } = await get(`/v1/events?${parameter}`)
    expect(status).toBe(400)
    expect(JSON.stringify(json.errors)).toContain(parameter.split('=')[0])
  })

  it('given more than one page, the cursors lead to every event once, also while new ones come', async () => {
    await seed(many(45))
    for (const order of ['newest', 'oldest']) {
      const listed: number[] = []
      let path = `/v1/events?order=${order}&limit=20`
      for (let page = 0; page < 3; page += 1) {
        const answer = await get(path)
        listed.push(...sequences(answer))
        if (page === 0) await seed([{}])
        if (answer.json.next === null) break
        path = /^<(.*)>; rel="next"$/.exec(String(answer.headers['link']))?.[1] ?? ''
        expect(path).toContain(encodeURIComponent(answer.json.next))
      }
      const expected = Array.from({ length: order === 'newest' ? 45 : 47 }, (_, n) => n + 1)
      expect(listed).toEqual(order === 'newest' ? expected.toReversed() : expected)
    }
  })

  it('given a cursor under another filter, or somebody else’s, it is refused', async () => {
    await seed(many(3))
    const { json } = await get('/v1/events?limit=1')
    expect((await get(`/v1/events?limit=1&cursor=${json.next}`)).status).toBe(200)
    expect((await get(`/v1/events?order=oldest&cursor=${json.next}`)).status).toBe(400)
    expect((await query.get(`/v1/events?limit=1&cursor=${json.next}`, uuidv7())).status).toBe(400)
    expect((await get(`/v1/entities?cursor=${json.next}`)).status).toBe(400)
  })

  it('given a sequence that the log does not have yet, the read waits for it, then gives up', async () => {
    await seed([{}])
    const reading = get('/v1/events?min_sequence=2&wait=9000')
    await seed([{}])
    expect(sequences(await reading)).toEqual([2, 1])
    const late = await get('/v1/events?min_sequence=3&wait=0')
    expect(late).toMatchObject({ status: 503, headers: { 'synap-sequence': '2' } })
    expect((await get('/v1/events?min_sequence=3&wait=0&stale=allow')).status).toBe(200)
  })

  it('given an open slot, whoever reads on from a sequence stops before it, and everybody is told', async () => {
    await seed(many(2))
    await openSlot(query.pool, anna, { sequence: 3 })
    await seed(many(2))
    const since = await get('/v1/events?since=0')
    expect(sequences(since)).toEqual([1, 2])
    expect(since.headers['synap-parked']).toBe('3')
    expect(sequences(await get('/v1/events'))).toEqual([5, 4, 2, 1])
    await closeSlot(query.pool, anna, 3, {})
    expect(sequences(await get('/v1/events?since=0'))).toEqual([1, 2, 3, 4, 5])
  })

  it('given counts by day and by hour, they add up', async () => {
    const at = (text: string) => Date.parse(text)
    await seed([
      { at: at('2026-11-19T23:59:59.999Z') },
      { at: at('2026-11-20T00:00:00Z') },
      { at: at('2026-11-20T00:59:00Z') },
      { at: at('2026-11-20T01:00:00Z'), type: 'entity.deleted' },
    ])
    const item = (when: string, type: string, events: number) => ({ at: when, type, events })
    expect((await get('/v1/events/counts')).json).toEqual({
      items: [
        item('2026-11-19', 'entity.created', 1),
        item('2026-11-20', 'entity.created', 2),
        item('2026-11-20', 'entity.deleted', 1),
      ],
      total: 4,
    })
    const hours = await get(
      '/v1/events/counts?by=hour&from=2026-11-20&to=2026-11-20&type=entity.created,entity.deleted',
    )
    expect(hours.json).toEqual({
      items: [
        item('2026-11-20T00:00:00.000Z', 'entity.created', 2),
        item('2026-11-20T01:00:00.000Z', 'entity.deleted', 1),
      ],
      total: 3,
    })
    for (const range of [
      '',
      '&from=2026-11-20',
      '&from=2026-11-20&to=2026-11-19',
      '&from=2026-01-01&to=2026-11-20',
    ]) {
      expect((await get(`/v1/events/counts?by=hour${range}`)).status).toBe(400)
    }
  })

  it('given an event, its chain says what caused it and what it caused', async () => {
    const [root] = await seed([{}])
    const [child] = await seed([{ causationId: root?.id as EventId }])
    const [grandchild] = await seed([{ causationId: child?.id as EventId }, {}])
    const idsOf = (events: { id: string }[]) => events.map(({ id }) => id)
    const chain = async (id: string | undefined) => (await get(`/v1/events/${id}/chain`)).json
    const middle = await chain(child?.id)
    expect(middle).toMatchObject({ event: { id: child?.id }, complete: true })
    expect(idsOf(middle.causes)).toEqual([root?.id])
    expect(idsOf(middle.effects)).toEqual([grandchild?.id])
    expect(idsOf((await chain(root?.id)).effects)).toEqual([child?.id, grandchild?.id])
    expect(idsOf((await chain(grandchild?.id)).causes)).toEqual([child?.id, root?.id])
    expect((await get(`/v1/events/${uuidv7()}/chain`)).status).toBe(404)
    expect((await get('/v1/events/x/chain')).status).toBe(400)
  })

  it('given an entity, its history says what happened, newest first, who did it and why', async () => {
    const aggregateId = uuidv7()
    const [created] = await seed([{ aggregateId, delta: { type: 'note', title: 'Buy milk tomorrow' } }])
    await seed([
      {},
      {
        aggregateId,
        version: 2,
        type: 'ai.enrichment_applied',
        actorKind: 'ai',
        source: 'automation',
        causationId: created?.id as EventId,
        delta: {
          model: 'm-1',
          type: { old: 'note', value: 'task', confidence: 0.9 },
          tagsAdded: [{ name: 'shopping' }],
        },
      },
      {
        aggregateId,
        version: 3,
        type: 'entity.title_changed',
        delta: { title: 'Milk', oldTitle: 'Buy milk tomorrow' },
      },
      { aggregateId, version: 4, type: 'entity.deleted', delta: {} },
    ])
    const { status, json } = await get(`/v1/entities/${aggregateId}/history`)
    expect(status).toBe(200)
    expect(json.items.map(({ summary }: { summary: string }) => summary)).toEqual([
      'Deleted',
      'Title changed from “Buy milk tomorrow” to “Milk”',
      'Set type “task”, tag “shopping”',
      'Captured as note “Buy milk tomorrow”',
    ])
    expect(json.items[1].changes).toEqual([{ field: 'title', from: 'Buy milk tomorrow', to: 'Milk' }])
    expect(json.items[2]).toMatchObject({
      version: 2,
      who: { kind: 'ai', model: 'm-1' },
      why: {
        source: 'automation',
        cause: { id: created?.id, type: 'entity.created', summary: 'Captured as note “Buy milk tomorrow”' },
      },
    })
    const page = await get(`/v1/entities/${aggregateId}/history?limit=3`)
    expect(sequences(page)).toEqual([5, 4, 3])
    expect(sequences(await get(`/v1/entities/${aggregateId}/history?cursor=${page.json.next}`))).toEqual([1])
    const other = uuidv7()
    expect((await get(`/v1/entities/${other}/history?cursor=${page.json.next}`)).status).toBe(400)
    expect((await get(`/v1/entities/${other}/history`)).status).toBe(404)
  })

  it('given analyses of the entity, its history tells them where they are asked for, page by page, and only its own', async () => {
    const [aggregateId, analysisId, others] = [uuidv7(), uuidv7(), uuidv7()]
    await seed([
      { aggregateId, delta: { type: 'note', title: 'Buy milk' } },
      { ...analysis, aggregateId: analysisId, type: 'ai.analysis_failed', delta: { code: 'model.refused' } },
      {
        aggregateId,
        version: 2,
        type: 'entity.title_changed',
        delta: { title: 'Milk', oldTitle: 'Buy milk' },
      },
      { ...analysis, aggregateId: analysisId, version: 2, type: 'ai.analysis_completed' },
      { ...analysis, aggregateId: others, type: 'ai.analysis_completed' },
    ])
    const item = { userId: anna, id: aggregateId, version: 2, sequence: 5, sha256: null }
    await seedJob(query.database, item, sha256Hex('Buy milk'), [{ step: 'analyse', state: 'done' }])
    const told = `analysis_id = '${analysisId}' where entity_id = '${aggregateId}'`
    await query.database.superuserSql(`update enrich.jobs set ${told}`)
    const path = `/v1/entities/${aggregateId}/history`
    expect(sequences(await get(path))).toEqual([3, 1])
    const first = await get(`${path}?analyses=true&limit=3`)
    expect(first.json.items.map(({ summary }: { summary: string }) => summary)).toEqual([
      'Analysed',
      'Title changed from “Buy milk” to “Milk”',
      'Analysis given up (model.refused)',
    ])
    expect(first.json).not.toHaveProperty('incomplete')
    const rest = await get(`${path}?analyses=true&cursor=${first.json.next}`)
    expect(sequences(rest)).toEqual([1])
    // A cursor belongs to the list that it came from.
    expect((await get(`${path}?cursor=${first.json.next}`)).status).toBe(400)
  })

  it('given an enricher that cannot be asked, the history says that analyses are missing', async () => {
    const aggregateId = uuidv7()
    await seed([{ aggregateId }])
    await query.database.superuserSql('alter schema enrich rename to enrich_away')
    try {
      const { status, json } = await get(`/v1/entities/${aggregateId}/history?analyses=true`)
      expect([status, json.incomplete, json.items.length]).toEqual([200, true, 1])
    } finally {
      await query.database.superuserSql('alter schema enrich_away rename to enrich')
    }
  })

  it('given a parked event of the entity, its history is refused unless it may be stale', async () => {
    const aggregateId = uuidv7()
    await seed([{ aggregateId }])
    await openSlot(query.pool, anna, { sequence: 2, aggregateId })
    const path = `/v1/entities/${aggregateId}/history`
    expect(await get(path)).toMatchObject({ status: 503, json: { type: 'urn:synap:problem:parked' } })
    expect(sequences(await get(`${path}?stale=allow`))).toEqual([1])
  })

  it('given something that is no entity, it has no history as one', async () => {
    const aggregateId = uuidv7()
    await seed([{ aggregateId, aggregateType: 'relation', type: 'relation.created' }])
    expect((await get(`/v1/entities/${aggregateId}/history`)).status).toBe(404)
  })
})
