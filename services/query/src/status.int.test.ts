import { type EntityId, sha256Hex, type UserId, uuidv7 } from '@synap/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seedEntity } from '../test/seed.ts'
import { seedJob, seedLogged, seedOutbox, seedWritten, type Written } from '../test/seed-status.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

describe('status', () => {
  let query: TestQuery
  beforeAll(async () => {
    query = await startQuery()
  })
  afterAll(() => query.close())

  const item = (more: Partial<Written> = {}): Written => ({
    userId: uuidv7() as UserId,
    id: uuidv7(),
    version: 2,
    sequence: 5,
    sha256: sha256Hex('milk'),
    ...more,
  })
  const states = async ({ id, userId }: Written) => {
    const { status, json } = await query.get(`/v1/entities/${id}/status`, userId)
    expect(status).toBe(200)
    const stages = json.stages as { stage: string; state: string }[]
    return {
      ...Object.fromEntries(stages.map(({ stage, state }) => [stage, state])),
      complete: json.complete,
    }
  }

  it('given only the 201, it answers at once: stored, and all else pending', async () => {
    const captured = item()
    await seedWritten(query.database, captured)
    await seedOutbox(query.database, captured, false)
    expect(await states(captured)).toEqual({
      stored: 'done',
      relayed: 'pending',
      logged: 'pending',
      projected: 'pending',
      extracted: 'pending',
      enriched: 'pending',
      searchable: 'pending',
      complete: false,
    })
  })

  it('given the whole way, it is complete', async () => {
    const captured = item()
    await seedWritten(query.database, captured)
    await seedOutbox(query.database, captured, true)
    await seedLogged(query.database, captured)
    await seedEntity(query.pool, {
      userId: captured.userId,
      id: captured.id as EntityId,
      sequence: 5,
      version: 2,
      text: 'milk',
      vectors: [new Float32Array(1536).fill(0.1)],
    })
    const done = ['download', 'extract', 'publish_text', 'analyse', 'embed', 'publish', 'record']
    await seedJob(
      query.database,
      captured,
      sha256Hex('milk'),
      done.map((step) => ({ step, state: 'done' })),
    )
    const { complete, ...stages } = await states(captured)
    expect(Object.values(stages)).toEqual(Array.from({ length: 7 }, () => 'done'))
    expect(complete).toBe(true)
    const { json } = await query.get(`/v1/entities/${captured.id}/status`, captured.userId)
    for (const stage of json.stages) expect(Date.parse(stage.at)).toBeGreaterThan(0)
  })

  it('given a step that failed and one that is tried again, it says why, how often and when next', async () => {
    const captured = item()
    await seedWritten(query.database, captured)
    const nextRetryAt = '2026-11-21T12:00:00.000Z'
    await seedJob(query.database, captured, sha256Hex('milk'), [
      { step: 'extract', state: 'failed', attempts: 3, error: 'object.not_found' },
      { step: 'analyse', state: 'pending', attempts: 2, error: 'model.rate_limited', nextRetryAt },
    ])
    const { json } = await query.get(`/v1/entities/${captured.id}/status`, captured.userId)
    const stage = (name: string) => json.stages.find((one: { stage: string }) => one.stage === name)
    expect(stage('extracted')).toMatchObject({ state: 'failed', attempts: 3, error: 'object.not_found' })
    expect(stage('enriched')).toMatchObject({ state: 'retrying', attempts: 2, nextRetryAt })
  })

  it('given work on it, each step says what it took, and whoever asked for another try is named', async () => {
    const captured = item()
    await seedWritten(query.database, captured)
    const at = (path: string) => query.get(path, captured.userId)
    expect((await at(`/v1/entities/${captured.id}/status`)).json.work).toBeNull()
    await seedJob(query.database, captured, sha256Hex('milk'), [
      { step: 'extract', state: 'done' },
      { step: 'analyse', state: 'running' },
    ])
    const key = uuidv7()
    await query.database.superuserSql(`
      update enrich.jobs set run = 2, retries = 3, retry_by_user = '${captured.userId}', retry_by_key = '${key}',
        lease_until = '2026-11-21T12:00:00Z' where entity_id = '${captured.id}';
      update enrich.steps set started_at = '2026-11-21T11:00:00Z', duration_ms = 250, calls = 2, input_tokens = 40,
        output_tokens = 2, cost_nanos = 1500000 where job_id in (
          select job_id from enrich.jobs where entity_id = '${captured.id}') and step = 'analyse';`)
    const { work } = (await at(`/v1/entities/${captured.id}/status`)).json
    expect(work).toMatchObject({ run: 2, retries: 3, retriedBy: { user: captured.userId, key } })
    expect(work.steps).toMatchObject([
      { step: 'extract', state: 'done', durationMs: null, leaseUntil: null, cost: { calls: 0, cost: 0 } },
      {
        step: 'analyse',
        state: 'running',
        attempts: 1,
        startedAt: '2026-11-21T11:00:00.000Z',
        finishedAt: null,
        durationMs: 250,
        leaseUntil: '2026-11-21T12:00:00.000Z',
        cost: { calls: 2, tokens: 42, cost: 0.0015, unpricedCalls: 0 },
      },
    ])
    expect((await query.get(`/v1/entities/${captured.id}/status`, uuidv7() as UserId)).status).toBe(404)
  })

  it('given content that cannot be read, what has nothing to do is skipped, it says why, and it is complete', async () => {
    const captured = item()
    await seedWritten(query.database, captured)
    await seedOutbox(query.database, captured, true)
    await seedLogged(query.database, captured)
    await seedEntity(query.pool, {
      userId: captured.userId,
      id: captured.id as EntityId,
      sequence: 5,
      version: 2,
      text: 'milk',
    })
    const skipped = ['download', 'analyse', 'embed', 'publish', 'record']
    await seedJob(query.database, captured, sha256Hex('milk'), [
      { step: 'extract', state: 'skipped', error: 'unsupported_type' },
      { step: 'publish_text', state: 'done' },
      ...skipped.map((step) => ({ step, state: 'skipped' })),
    ])
    expect(await states(captured)).toMatchObject({
      extracted: 'skipped',
      enriched: 'skipped',
      searchable: 'done',
      complete: true,
    })
    const { json } = await query.get(`/v1/entities/${captured.id}/status`, captured.userId)
    expect(json.stages.find((one: { stage: string }) => one.stage === 'extracted').error).toBe(
      'unsupported_type',
    )
  })

  it('given a job for content that the item no longer has, its steps say nothing about it', async () => {
    const captured = item()
    await seedWritten(query.database, captured)
    await seedJob(query.database, captured, sha256Hex('before'), [{ step: 'extract', state: 'done' }])
    expect(await states(captured)).toMatchObject({ extracted: 'pending' })
  })

  it('given an event that could not be applied, the stage is parked', async () => {
    const captured = item()
    await seedWritten(query.database, captured)
    await query.database.superuserSql(
      `insert into read_v1.parked (user_id, aggregate_id, sequence, version, reason, slot)
       values ('${captured.userId}', '${captured.id}', 5, 2, 'undecodable', true);`,
    )
    await query.database.superuserSql(
      `insert into log.parked (user_id, aggregate_id, sequence, version, reason, slot)
       values ('${captured.userId}', '${captured.id}', 5, 2, 'missing', true);`,
    )
    expect(await states(captured)).toMatchObject({
      projected: 'parked',
      searchable: 'pending',
      logged: 'parked',
    })
    const { json } = await query.get(`/v1/entities/${captured.id}/status`, captured.userId)
    const errors = json.stages.map(({ stage, error }: { stage: string; error: string }) => [stage, error])
    expect(Object.fromEntries(errors)).toMatchObject({ logged: 'missing', projected: 'undecodable' })
  })

  it('given a part that cannot be asked, its stages are unknown and the others are told', async () => {
    const captured = item()
    await seedWritten(query.database, captured)
    await query.database.superuserSql(`alter schema enrich rename to enrich_away;`)
    try {
      expect(await states(captured)).toMatchObject({
        stored: 'done',
        logged: 'pending',
        extracted: 'unknown',
        enriched: 'unknown',
      })
      const { json } = await query.get(`/v1/entities/${captured.id}/status`, captured.userId)
      expect(json.work).toBeNull()
    } finally {
      await query.database.superuserSql(`alter schema enrich_away rename to enrich;`)
    }
  })
})
