import { sha256Hex, type UserId, uuidv7 } from '@synap/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seedEntity } from '../test/seed.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

/** Every key may write. */
const everybody = Object.assign(new Set<string>(), { has: () => true })

describe('work on all items of a user', () => {
  let query: TestQuery
  beforeAll(async () => {
    query = await startQuery([], undefined, { writers: everybody })
  })
  afterAll(() => query.close())

  const sql = (text: string) => query.database.superuserSql(text)
  const post = async (path: string, userId: UserId, body: object) => {
    const answer = await query.app.inject({
      method: 'POST',
      url: path,
      headers: { authorization: `Bearer ${userId}`, 'content-type': 'application/json' },
      payload: JSON.stringify(body),
    })
    return { status: answer.statusCode, headers: answer.headers, json: answer.json() }
  }
  /** What the enricher says of itself when it starts. */
  const configure = (model: string, offline = false) =>
    sql(`insert into enrich.configured (model, prompt_version, offline, embedding_model, embedding_producer,
           extract_producer, enricher_version)
         values ('chat', 'p-1', ${offline}, '${model}', '${model}@1536@c', 'extract@1', '1')
         on conflict (one) do update set offline = excluded.offline, embedding_model = excluded.embedding_model,
           embedding_producer = excluded.embedding_producer`)
  const item = async (
    userId: UserId,
    text: string,
    { bytes = 4_000, chunks = 1, analysable = true, vectors = [] as string[], paid = [] as string[] } = {},
  ) => {
    const id = uuidv7()
    const hash = sha256Hex(text)
    const places = JSON.stringify(
      Array.from({ length: analysable ? chunks : 0 }, (_, at) => [0, 1, 0, at === chunks - 1 ? bytes : 1]),
    )
    await sql(`
      insert into enrich.entities (entity_id, user_id, type, content_hash, object_key, file_type, content_size, version, captured_at)
        values ('${id}', '${userId}', 'note', '${hash}', 'k', 'markdown', ${bytes}, 1, now());
      insert into enrich.extractions (entity_id, content_hash, producer, user_id, analysable, chunks)
        values ('${id}', '${hash}', 'extract@1', '${userId}', ${analysable}, '${places}');`)
    for (const model of vectors) {
      await sql(`insert into enrich.published (entity_id, content_hash, producer, user_id, block_count)
        values ('${id}', '${hash}', '${model}@1536@c', '${userId}', 1)`)
    }
    for (const model of paid) {
      await sql(`insert into enrich.embeddings (user_id, content_hash, model, dimensions, chunker, block, vectors)
        values ('${userId}', '${hash}', '${model}', 1536, 'c', 0, '') on conflict do nothing`)
    }
    return id
  }

  it('given nothing but the wish, when asked, then it says items, tokens and price, and begins nothing; what is unknown is not nothing', async () => {
    const anna = uuidv7() as UserId
    await configure('new-embed')
    await item(anna, 'one')
    await item(anna, 'long', { bytes: 400_000, chunks: 65 })
    await item(anna, 'one')
    await item(anna, 'there already', { vectors: ['new-embed'] })
    await item(anna, 'an image', { analysable: false })
    await item(anna, 'made once', { paid: ['new-embed'] })
    const unknown = await post('/v1/enrichments', anna, { kind: 'embed' })
    expect(unknown.status).toBe(200)
    expect(unknown.json).toMatchObject({
      dryRun: true,
      model: 'new-embed',
      searchedBy: null,
      enrichment: null,
      estimate: {
        items: 6,
        present: 1,
        unreadable: 1,
        costUsd: null,
        steps: [
          {
            step: 'embed',
            model: 'new-embed',
            items: 3,
            reused: 1,
            calls: 3,
            outputTokens: 0,
            costUsd: null,
          },
        ],
      },
    })
    // The same content is sent once: 404,000 bytes, an eighth of it twice.
    const tokens = Math.ceil((404_000 * 8) / 7 / 4)
    expect(unknown.json.estimate.steps[0].inputTokens).toBe(tokens)
    await sql(`insert into enrich.prices values ('new-embed', 0.02, 0) on conflict do nothing`)
    const priced = await post('/v1/enrichments', anna, { kind: 'embed' })
    expect(priced.json.estimate.costUsd).toBeCloseTo((tokens * 0.02) / 1_000_000, 9)
    expect((await query.get('/v1/enrichments', anna)).json.items).toEqual([])
  })

  it('given the offline provider, when asked, then it costs nothing', async () => {
    const anna = uuidv7() as UserId
    await configure('synap-offline-1', true)
    await item(anna, 'a text')
    const { json } = await post('/v1/enrichments', anna, { kind: 'embed' })
    expect(json.estimate).toMatchObject({ costUsd: 0, steps: [{ items: 1, costUsd: 0 }] })
  })

  it('given it is begun twice, then it is one; nobody else sees or ends it; it can be cancelled until it has switched', async () => {
    const [anna, bert] = [uuidv7() as UserId, uuidv7() as UserId]
    await configure('new-embed')
    await item(anna, 'a text')
    const first = await post('/v1/enrichments', anna, { kind: 'embed', dryRun: false })
    expect(first.status).toBe(202)
    const { id } = first.json.enrichment
    expect(first.headers['location']).toBe(`/v1/enrichments/${id}`)
    expect(first.json.enrichment).toMatchObject({
      kind: 'embed',
      model: 'new-embed',
      state: 'asked',
      items: 1,
    })
    const second = await post('/v1/enrichments', anna, { kind: 'embed', dryRun: false })
    expect(second.json.enrichment.id).toBe(id)
    expect((await post('/v1/enrichments', anna, { kind: 'embed' })).json.enrichment.id).toBe(id)

    expect((await query.get(`/v1/enrichments/${id}`, bert)).status).toBe(404)
    expect((await post(`/v1/enrichments/${id}:cancel`, bert, {})).status).toBe(404)
    expect((await query.get('/v1/enrichments', bert)).json.items).toEqual([])
    expect((await query.get(`/v1/enrichments/${id}`, anna)).json.state).toBe('asked')

    for (const path of ['/v1/stats', '/v1/enrichment']) {
      const { embedding } = (await query.get(path, anna)).json
      expect(embedding).toMatchObject({
        model: 'new-embed',
        searchedBy: null,
        change: { id, state: 'asked' },
      })
      expect((await query.get(path, bert)).json.embedding.change).toBeNull()
    }
    await sql(`update enrich.enrichments set state = 'switching' where enrichment_id = '${id}'`)
    expect((await post(`/v1/enrichments/${id}:cancel`, anna, {})).status).toBe(422)
    await sql(`update enrich.enrichments set state = 'building' where enrichment_id = '${id}'`)
    expect((await post(`/v1/enrichments/${id}:cancel`, anna, {})).json.state).toBe('cancelling')
  })

  it('given work under way, when asked, then it says how far it is and how long it takes at that rate', async () => {
    const anna = uuidv7() as UserId
    await configure('new-embed')
    const { id } = (await post('/v1/enrichments', anna, { kind: 'embed', dryRun: false })).json.enrichment
    await sql(`
      update enrich.enrichments set state = 'building', items = 4, started_at = now() - interval '30 seconds'
        where enrichment_id = '${id}';
      insert into enrich.jobs (job_id, user_id, entity_id, content_hash, enricher_version, analysis_id, source, object_key,
          entity_type, based_on_version, event_id, sequence, captured_at, state, kind, enrichment_id)
        select gen_random_uuid(), '${anna}', gen_random_uuid(), '${sha256Hex('x')}', 'embed:x', gen_random_uuid(), 'content',
          'k', 'note', 1, gen_random_uuid(), 1, now(), s, 'embed', '${id}'
        from unnest(array['done', 'done', 'failed', 'open']) as s`)
    const { json } = await query.get(`/v1/enrichments/${id}`, anna)
    expect(json).toMatchObject({ items: 4, done: 2, failed: 1, open: 1 })
    expect(json.remainingMs).toBeGreaterThanOrEqual(10_000)
    expect(json.remainingMs).toBeLessThan(60_000)
  })

  /** An item that was worked off by a model, or was not; readable in both stores. */
  const analysed = async (
    userId: UserId,
    text: string,
    by: { model?: string; prompt?: string; failed?: boolean; tokens?: number; open?: boolean } = {},
    more: { type?: string; tags?: string[] } = {},
  ) => {
    const id = await seedEntity(query.pool, { userId, sequence: 1, text, ...more })
    const hash = sha256Hex(text)
    const job = uuidv7()
    await sql(`
      insert into enrich.entities (entity_id, user_id, type, content_hash, object_key, file_type, content_size, version, captured_at)
        values ('${id}', '${userId}', 'note', '${hash}', 'k', 'markdown', 4000, 1, now());
      insert into enrich.published (entity_id, content_hash, producer, user_id, block_count)
        values ('${id}', '${hash}', 'new-embed@1536@c', '${userId}', 1);
      insert into enrich.jobs (job_id, user_id, entity_id, content_hash, enricher_version, analysis_id, source, object_key,
          entity_type, based_on_version, event_id, sequence, captured_at, state)
        values ('${job}', '${userId}', '${id}', '${hash}', '1', gen_random_uuid(), 'content', 'k', 'note', 1,
          gen_random_uuid(), 1, now(), '${by.open === true ? 'open' : by.failed === true ? 'failed' : 'done'}');
      insert into enrich.steps (job_id, ord, step, state) values ('${job}', 1, 'analyse', '${by.failed === true ? 'failed' : 'done'}')`)
    if (by.model !== undefined) {
      await sql(`insert into enrich.analyses (job_id, model, prompt_version, offline, time_zone, vocabulary_hash, result,
          input_tokens, output_tokens)
        values ('${job}', '${by.model}', '${by.prompt ?? 'p-1'}', false, 'UTC', '', '{}', ${by.tokens ?? 0}, ${(by.tokens ?? 0) / 10})`)
    }
    return id
  }

  it('given items in every state, when a run is weighed, then each filter counts its own, and what is worked on is never one', async () => {
    const anna = uuidv7() as UserId
    await configure('new-embed')
    await sql(`insert into enrich.prices values ('chat', 1, 10) on conflict do nothing`)
    await analysed(anna, 'as it would be now', { model: 'chat', tokens: 1_000 }, { tags: ['work'] })
    await analysed(
      anna,
      'by another model',
      { model: 'older', tokens: 2_000 },
      { type: 'task', tags: ['work', 'home'] },
    )
    await analysed(anna, 'by another prompt', { model: 'chat', prompt: 'p-0', tokens: 3_000 })
    await analysed(anna, 'given up', { failed: true })
    await analysed(anna, 'being worked on', { model: 'older', open: true })
    const bert = uuidv7() as UserId
    await analysed(bert, 'of somebody else', { model: 'older', tokens: 9_000 })
    const count = async (filter: object) =>
      (await post('/v1/enrichments', anna, { kind: 'analyse', filter })).json.estimate.items
    expect(await count({})).toBe(4)
    expect(await count({ status: 'outdated' })).toBe(2)
    expect(await count({ status: 'failed' })).toBe(1)
    expect(await count({ status: 'missing' })).toBe(1)
    expect(await count({ model: 'older' })).toBe(1)
    expect(await count({ promptVersion: 'p-0' })).toBe(1)
    expect(await count({ type: ['task'] })).toBe(1)
    expect(await count({ tag: ['work'] })).toBe(2)
    expect(await count({ tag: ['work', 'home'], status: 'outdated' })).toBe(1)
    expect(await count({ createdBefore: '2001-01-01T00:00:00Z' })).toBe(0)

    const { json } = await post('/v1/enrichments', anna, { kind: 'analyse', filter: { status: 'outdated' } })
    expect(json).toMatchObject({ dryRun: true, model: 'chat', enrichment: null })
    const [step] = json.estimate.steps
    // What the same items used the last time.
    expect(step).toMatchObject({
      step: 'analyse',
      model: 'chat',
      calls: 2,
      inputTokens: 5_000,
      outputTokens: 500,
    })
    expect(json.estimate.costUsd).toBeCloseTo(0.005 + 0.005, 9)
    const fresh = await post('/v1/enrichments', anna, { kind: 'analyse', filter: { status: 'missing' } })
    expect(fresh.json.estimate.steps[0].inputTokens).toBeGreaterThan(1_000)

    const begun = await post('/v1/enrichments', anna, {
      kind: 'analyse',
      filter: { status: 'outdated' },
      dryRun: false,
    })
    expect(begun.json.enrichment).toMatchObject({ kind: 'analyse', state: 'asked', items: 2, open: 2 })
    const { id } = begun.json.enrichment
    expect(await sql(`select count(*) from enrich.enrichment_items where enrichment_id = '${id}'`)).toEqual([
      '2',
    ])
    const other = await post('/v1/enrichments', anna, { kind: 'analyse', dryRun: false })
    expect(other.json.enrichment).toMatchObject({ id, items: 2 })
  })

  it('given a field or a kind that nobody knows, when asked, then it is refused', async () => {
    const anna = uuidv7() as UserId
    for (const body of [
      { kind: 'analyse', filter: { nothing: 1 } },
      { kind: 'embed', filter: { type: ['note'] } },
      { kind: 'everything' },
      {},
    ]) {
      expect((await post('/v1/enrichments', anna, body)).status).toBe(400)
    }
    expect((await query.get('/v1/enrichments?limit=3', anna)).status).toBe(400)
  })
})
