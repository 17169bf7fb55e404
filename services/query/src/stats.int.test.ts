import { type EntityId, sha256Hex, type UserId, uuidv7 } from '@synap/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { park, seedEntity } from '../test/seed.ts'
import { type SeededStep, seedJob, seedOutbox, seedWritten } from '../test/seed-status.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

const vector = new Float32Array(1536).fill(0.1)

describe('GET /v1/stats', () => {
  let query: TestQuery
  beforeAll(async () => {
    query = await startQuery()
  })
  afterAll(() => query.close())

  const user = () => uuidv7() as UserId
  const sql = (text: string) => query.database.superuserSql(text)
  /** An item with content as every part has it; its vectors only where `isEmbedded`. */
  async function item(userId: UserId, sequence: number, isEmbedded: boolean): Promise<EntityId> {
    const id = uuidv7() as EntityId
    const vectors = isEmbedded ? [vector] : []
    await seedEntity(query.pool, { userId, id, sequence, text: id, vectors })
    await seedWritten(query.database, { userId, id, version: 1, sequence, sha256: sha256Hex(id) })
    await sql(
      `insert into enrich.entities (entity_id, user_id, type, title, content_hash, version, captured_at)
       values ('${id}', '${userId}', 'note', null, '${sha256Hex(id)}', 1, now());`,
    )
    return id
  }
  const job = async (userId: UserId, id: EntityId, state: string, steps: SeededStep[], sequence = 1) => {
    await seedJob(query.database, { userId, id, version: 1, sequence, sha256: null }, sha256Hex(id), steps)
    await sql(
      `update enrich.jobs set state = '${state}' where entity_id = '${id}' and sequence = ${sequence};`,
    )
  }
  /** Sets how far a consumer is. */
  const seen = (schema: string, userId: UserId, to: number) =>
    sql(
      `insert into ${schema}.user_positions (user_id, seen) values ('${userId}', ${to})
       on conflict (user_id) do update set seen = excluded.seen;`,
    )
  const level = async (userId: UserId, to: number) => {
    for (const schema of ['log', 'read_v1', 'enrich']) await seen(schema, userId, to)
  }
  const stats = async (userId: UserId) => {
    const { status, json } = await query.get('/v1/stats', userId)
    expect(status).toBe(200)
    return json
  }
  type StageRow = { stage: string; state: string; waiting: number | null; lagMs: number | null }
  const stages = ({ stages: rows }: { stages: StageRow[] }) =>
    rows.map(({ stage, state, waiting }) => `${stage} ${state} ${waiting}`)

  it('given nothing, everything is level and nothing is counted', async () => {
    expect(await stats(user())).toMatchObject({
      sequence: 0,
      coverage: { items: 0, searchable: 0, waiting: 0, failed: 0 },
      oldest: null,
      failures: [],
    })
  })

  it('given items on their way and items given up, it says how many of how many, what waits and what failed and why', async () => {
    const anna = user()
    for (let sequence = 1; sequence <= 3; sequence += 1) await item(anna, sequence, true)
    const failed = [await item(anna, 4, false), await item(anna, 5, false)]
    for (const id of failed)
      await job(anna, id, 'failed', [
        { step: 'download', state: 'failed', attempts: 3, error: 'object.not_found' },
        { step: 'analyse', state: 'pending' },
      ])
    const retried = await item(anna, 6, false)
    const nextRetryAt = '2026-11-22T10:00:00.000Z'
    await job(anna, retried, 'open', [
      { step: 'extract', state: 'done' },
      { step: 'analyse', state: 'pending', error: 'model.rate_limited', nextRetryAt },
      { step: 'record', state: 'pending' },
      { step: 'embed', state: 'pending' },
    ])
    const unanalysed = await item(anna, 7, true)
    await job(anna, unanalysed, 'failed', [{ step: 'analyse', state: 'failed', error: 'model.refused' }])
    await level(anna, 7)
    const told = await stats(anna)
    expect(told.coverage).toEqual({ items: 7, searchable: 4, waiting: 1, failed: 2 })
    expect(stages(told)).toEqual([
      'relayed level 0',
      'logged level 0',
      'projected level 0',
      'extracted level 0',
      'enriched behind 1',
      'searchable behind 1',
    ])
    expect(told.oldest).toMatchObject({ id: retried })
    expect(told.failures).toMatchObject([
      { stage: 'extracted', state: 'failed', reason: 'object.not_found', count: 2 },
      { stage: 'enriched', state: 'retrying', reason: 'model.rate_limited', example: retried, nextRetryAt },
      { stage: 'enriched', state: 'failed', reason: 'model.refused', example: unanalysed },
    ])
    expect(failed).toContain(told.failures[0].example)
    for (const { whatToDo } of told.failures) expect(whatToDo).toMatch(/\.$|ID|enrich$/)
  })

  it('given failures that no longer count, because of other content, a later run or a deletion, they are not told', async () => {
    const anna = user()
    const steps: SeededStep[] = [{ step: 'extract', state: 'failed', error: 'content.corrupt' }]
    const [changed, again, deleted] = [
      await item(anna, 1, true),
      await item(anna, 2, true),
      await item(anna, 3, true),
    ]
    for (const id of [changed, again, deleted]) await job(anna, id, 'failed', steps)
    await sql(`update enrich.entities set content_hash = '${sha256Hex('x')}' where entity_id = '${changed}';
      update enrich.jobs set run = 0 where entity_id = '${again}';
      update enrich.entities set deleted = true where entity_id = '${deleted}';`)
    expect((await stats(anna)).failures).toMatchObject([{ example: again }])
    await sql(`
      insert into enrich.jobs (job_id, user_id, entity_id, content_hash, enricher_version, run, analysis_id, source,
        entity_type, based_on_version, event_id, sequence, captured_at, state)
      select gen_random_uuid(), user_id, entity_id, content_hash, enricher_version, 1, gen_random_uuid(), source,
        entity_type, based_on_version, gen_random_uuid(), 9, captured_at, 'done'
      from enrich.jobs where entity_id = '${again}';`)
    const told = await stats(anna)
    expect([told.failures, told.coverage.failed]).toEqual([[], 0])
  })

  it('given parts that are behind, each says by how many events and since when; what is parked is told with its reason', async () => {
    const anna = user()
    const id = await item(anna, 5, true)
    for (const [sequence, published] of [
      [3, true],
      [4, false],
      [5, false],
    ] as const)
      await seedOutbox(
        query.database,
        { userId: anna, id, version: sequence, sequence, sha256: null },
        published,
      )
    await sql(
      `update write.outbox set created_at = now() - interval '1 hour' * (10 - sequence) where user_id = '${anna}';`,
    )
    await seen('log', anna, 3)
    await seen('read_v1', anna, 4)
    await seen('enrich', anna, 5)
    const aggregateId = uuidv7()
    await park(query.pool, anna, { sequence: 2, aggregateId })
    const told = await stats(anna)
    expect(stages(told).slice(0, 4)).toEqual([
      'relayed behind 2',
      'logged behind 2',
      'projected behind 1',
      'extracted level 0',
    ])
    const hours = told.stages.map(({ lagMs }: StageRow) => Math.round((lagMs ?? 0) / 3_600_000))
    expect(hours.slice(0, 4)).toEqual([6, 6, 5, 0])
    expect(told.failures).toMatchObject([
      { stage: 'projected', state: 'parked', reason: 'undecodable', count: 1, example: aggregateId },
    ])
  })

  it('given somebody else, nothing of theirs counts', async () => {
    const [anna, bert] = [user(), user()]
    const id = await item(anna, 1, false)
    await job(anna, id, 'failed', [{ step: 'extract', state: 'failed', error: 'content.corrupt' }])
    await seedOutbox(query.database, { userId: anna, id, version: 1, sequence: 1, sha256: null }, false)
    expect(await stats(bert)).toEqual(await stats(user()))
    expect((await stats(anna)).failures).toHaveLength(1)
  })

  it('given a part that cannot be asked, its stages are unknown and the rest is told', async () => {
    const anna = user()
    await item(anna, 1, true)
    await sql('alter schema enrich rename to enrich_away;')
    try {
      const told = await stats(anna)
      expect(told.coverage).toMatchObject({ items: 1, searchable: 1 })
      expect(stages(told).slice(2)).toEqual([
        'projected level 0',
        'extracted unknown null',
        'enriched unknown null',
        'searchable level 0',
      ])
    } finally {
      await sql('alter schema enrich_away rename to enrich;')
    }
  })
})
