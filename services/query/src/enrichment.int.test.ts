import { enrichmentStatus } from '@synap/contracts'
import { type EntityId, sha256Hex, type UserId, uuidv7 } from '@synap/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seedEntity } from '../test/seed.ts'
import { type SeededStep, seedJob, seedWritten } from '../test/seed-status.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

describe('/v1/enrichment', () => {
  const [anna, bert, reader, operator] = Array.from({ length: 4 }, () => uuidv7() as UserId) as [
    UserId,
    UserId,
    UserId,
    UserId,
  ]
  let query: TestQuery
  beforeAll(async () => {
    query = await startQuery([], undefined, {
      writers: new Set([anna, bert]),
      operators: new Set([operator]),
    })
  })
  afterAll(() => query.close())

  const sql = (text: string) => query.database.superuserSql(text)
  const send = async (method: 'POST' | 'PUT' | 'DELETE', url: string, user: UserId, payload?: object) => {
    const response = await query.app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${user}` },
      ...(payload === undefined ? {} : { payload }),
    })
    return { status: response.statusCode, json: response.body === '' ? null : response.json() }
  }
  const post = (action: string, user: UserId, payload?: object) =>
    send('POST', `/v1/enrichment:${action}`, user, payload)
  const status = async (user: UserId, rest = '') => {
    const { json } = await query.get(`/v1/enrichment${rest}`, user)
    return enrichmentStatus.parse(json)
  }

  /** An item of which these steps are told, in a job of that state. */
  async function item(userId: UserId, state: string, ...steps: SeededStep[]): Promise<EntityId> {
    const id = uuidv7() as EntityId
    const sha256 = sha256Hex(id)
    await seedEntity(query.pool, { userId, id, sequence: 1, text: id })
    await seedWritten(query.database, { userId, id, version: 1, sequence: 1, sha256 })
    await sql(`insert into enrich.entities (entity_id, user_id, type, content_hash, version, captured_at)
      values ('${id}', '${userId}', 'note', '${sha256}', 1, now());`)
    await seedJob(query.database, { userId, id, version: 1, sequence: 1, sha256 }, sha256, steps)
    await sql(`update enrich.jobs set state = '${state}' where entity_id = '${id}';
      update enrich.steps s set error_class = 'deferred' from enrich.jobs j
      where j.job_id = s.job_id and j.entity_id = '${id}' and s.error_code like 'budget.%';`)
    return id
  }
  const marked = async (id: EntityId) =>
    (await sql(`select retry_marked_at is not null from enrich.jobs where entity_id = '${id}'`))[0]
  const failed = (userId: UserId, error = 'model.refused') =>
    item(userId, 'failed', { step: 'analyse', state: 'failed', error })

  describe('retry', () => {
    it('given failures, when tried again dry, then it says what would be and marks nothing; then only what was named is marked', async () => {
      const [refused, torn] = [await failed(anna), await failed(anna, 'model.wrong_shape')]
      const slow = await item(anna, 'open', { step: 'embed', state: 'pending', error: 'model.timeout' })
      const held = await item(anna, 'open', { step: 'embed', state: 'pending', error: 'budget.user_calls' })
      const dry = await post('retry', anna, { dryRun: true })
      expect(dry).toEqual({
        status: 200,
        json: {
          dryRun: true,
          steps: 3,
          byReason: [
            { step: 'analyse', reason: 'model.refused', items: 1 },
            { step: 'analyse', reason: 'model.wrong_shape', items: 1 },
            { step: 'embed', reason: 'model.timeout', items: 1 },
          ],
        },
      })
      expect(await Promise.all([refused, torn, slow, held].map(marked))).toEqual(['f', 'f', 'f', 'f'])
      expect((await post('retry', anna, { reason: 'model.refused' })).json).toMatchObject({ steps: 1 })
      expect((await post('retry', anna, { entity: torn })).json).toMatchObject({ steps: 1 })
      expect(await Promise.all([refused, torn, slow, held].map(marked))).toEqual(['t', 't', 'f', 'f'])
      expect((await post('retry', anna)).json).toMatchObject({ steps: 1 })
      // What is marked is not marked again, what is held back is not tried.
      expect((await post('retry', anna)).json).toMatchObject({ steps: 0 })
      expect(await marked(held)).toBe('f')
    })

    it('given what is somebody else’s, when a user asks, then it is as if it were not there; an operator may', async () => {
      const id = await failed(anna)
      expect((await post('retry', bert, { entity: id })).json).toMatchObject({ steps: 0 })
      expect((await post('retry', bert, { user: anna })).status).toBe(403)
      expect((await post('retry', bert, { all: true })).status).toBe(403)
      expect((await post('retry', reader, { entity: id })).status).toBe(403)
      expect(await marked(id)).toBe('f')
      expect((await post('retry', operator, { user: anna, entity: id })).json).toMatchObject({ steps: 1 })
      expect(await marked(id)).toBe('t')
      expect(await sql(`select retry_by_user::text from enrich.jobs where entity_id = '${id}'`)).toEqual([
        operator,
      ])
    })

    it('given more than one page of failures of two users, when all are tried again, then all are marked, once', async () => {
      await Promise.all([failed(anna, 'model.many'), failed(bert, 'model.many')])
      await sql(`with jobs as (
          insert into enrich.jobs (job_id, user_id, entity_id, content_hash, enricher_version, analysis_id, source,
            entity_type, based_on_version, event_id, sequence, captured_at, state)
          select gen_random_uuid(), '${bert}', gen_random_uuid(), repeat('a', 64), '1', gen_random_uuid(), 'title',
            'note', 1, gen_random_uuid(), 1, now(), 'open' from generate_series(1, 1100) returning job_id
        ) insert into enrich.steps (job_id, ord, step, state, error_code)
          select job_id, 1, 'embed', 'pending', 'model.many' from jobs`)
      const { json } = await post('retry', operator, { all: true, reason: 'model.many' })
      expect(json).toMatchObject({ steps: 1_102 })
      expect(
        await sql(`select count(*) from enrich.jobs j join enrich.steps s using (job_id)
          where j.retry_marked_at is not null and s.error_code = 'model.many'`),
      ).toEqual(['1102'])
    })

    it.each([{ what: 1 }, { entity: 'x' }, { user: bert, all: true }])(
      'given %j, when asked, then it is refused and named',
      async (body) => {
        expect((await post('retry', operator, body)).status).toBe(400)
      },
    )
  })

  describe('pause and resume', () => {
    it('given a user who pauses, when resumed, then it is theirs alone; what an operator paused stays', async () => {
      const made = await post('pause', anna, { kind: 'embed', why: 'the bill' })
      expect(made).toMatchObject({
        status: 200,
        json: { changed: 1, paused: [{ kind: 'embed', user: anna, byOperator: false, why: 'the bill' }] },
      })
      expect((await post('pause', anna, { kind: 'embed' })).json).toMatchObject({ changed: 0 })
      expect((await status(bert)).paused).toEqual([])
      await post('pause', operator, { user: anna })
      expect((await query.get('/v1/stats', anna)).json.paused).toEqual(['all', 'embed'])
      expect((await post('resume', anna)).json).toMatchObject({
        changed: 1,
        paused: [{ kind: 'all', byOperator: true }],
      })
      expect((await post('resume', operator, { user: anna })).json).toMatchObject({ changed: 1, paused: [] })
    })

    it('given everybody, when a user asks, then it is refused; an operator’s pause is seen by all', async () => {
      expect((await post('pause', bert, { all: true })).status).toBe(403)
      expect((await post('resume', bert, { all: true })).status).toBe(403)
      await post('pause', operator, { all: true, kind: 'analyse' })
      expect((await status(bert)).paused).toMatchObject([{ kind: 'analyse', user: null }])
      await post('resume', operator, { all: true })
      expect((await status(bert)).paused).toEqual([])
    })
  })

  describe('costs and budgets', () => {
    it('given calls of models, when asked, then item, statistics and status tell the same, and an unknown price is not nothing', async () => {
      const id = await item(anna, 'open', { step: 'embed', state: 'pending', error: 'budget.user_calls' })
      await sql(`insert into enrich.calls (call_id, user_id, entity_id, step, provider, model, day, state, requests,
          input_tokens, output_tokens, cost_nanos)
        values (gen_random_uuid(), '${anna}', '${id}', 'analyse', 'openai', 'm', current_date, 'settled', 1, 100, 10, 45000),
          (gen_random_uuid(), '${anna}', '${id}', 'embed', 'openai', 'unheard', current_date, 'settled', 2, 50, 0, null);
        insert into enrich.spending values
          ('${anna}', (now() at time zone 'utc')::date, 3, 160, 45000, 2), ('${anna}', '2026-01-01', 1, 10, 0, 1),
          ('${bert}', (now() at time zone 'utc')::date, 1, 10, 0, 1);`)
      const cost = { calls: 3, tokens: 160, cost: 0.000045, unpricedCalls: 2 }
      const total = { calls: 4, tokens: 170, cost: 0.000045, unpricedCalls: 3 }
      const { json } = await query.get(`/v1/entities/${id}/status`, anna)
      expect(json.cost).toEqual(cost)
      const searchable = json.stages.find(({ stage }: { stage: string }) => stage === 'searchable')
      expect(searchable).toMatchObject({ state: 'deferred', error: 'budget.user_calls' })
      const stats = await query.get('/v1/stats', anna)
      expect(stats.json.cost).toEqual({ today: cost, total })
      expect(stats.json.failures).toContainEqual(
        expect.objectContaining({ state: 'deferred', reason: 'budget.user_calls' }),
      )
      expect(await status(anna)).toMatchObject({ user: anna, today: cost, total })
      expect((await query.get('/v1/stats', bert)).json.cost.total).toEqual({
        calls: 1,
        tokens: 10,
        cost: null,
        unpricedCalls: 1,
      })
      expect((await query.get(`/v1/entities/${id}/status`, bert)).status).toBe(404)
    })

    it('given a budget of one user, when set and dropped, then their status says so; nobody gives one to themself', async () => {
      await sql(`insert into enrich.limits values ('all', null, null, null), ('user', 100, null, 2000000000)`)
      const path = `/v1/enrichment/budgets/${anna}`
      const budget = { calls: 5, tokens: null, cost: 1.25 }
      expect((await status(anna)).limits).toEqual({ calls: 100, tokens: null, cost: 2, own: false })
      expect((await send('PUT', path, anna, budget)).status).toBe(403)
      expect((await send('PUT', path, operator, budget)).json).toMatchObject({
        limits: { ...budget, own: true },
      })
      expect((await status(anna)).limits).toEqual({ ...budget, own: true })
      expect((await status(bert)).limits).toMatchObject({ calls: 100 })
      expect((await send('DELETE', path, operator)).status).toBe(204)
      expect((await status(anna)).limits).toMatchObject({ calls: 100, own: false })
    })

    it('given others, when a user asks for them, then it is refused; an operator sees one or all', async () => {
      expect((await query.get(`/v1/enrichment?user=${anna}`, bert)).status).toBe(403)
      expect((await query.get('/v1/enrichment?all=true', bert)).status).toBe(403)
      expect((await status(operator, `?user=${anna}`)).user).toBe(anna)
      const all = await status(operator, '?all=true')
      expect(all.user).toBeNull()
      expect(all.waiting).toContainEqual({
        step: 'embed',
        state: 'deferred',
        reason: 'budget.user_calls',
        items: 2,
        nextAt: null,
      })
    })
  })
})
