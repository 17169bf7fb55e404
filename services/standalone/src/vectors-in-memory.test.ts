import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type UserId, uuidv7 } from '@synap/core'
import { createEmbeddedDatabase, type EmbeddedDatabase } from '@synap/embedded'
import { fromHalfvec, query, transaction } from '@synap/postgres'
import { findRows } from '@synap/query/find-hits'
import { type CacheOutcome, createVectorCache, type VectorCache } from '@synap/query/vector-cache'
import { createLogger } from '@synap/telemetry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrateAll } from './prepare.ts'

const logger = createLogger('test', { level: 'silent' })
const model = 'points'

describe('vectors in memory beside the embedded database', () => {
  const userId = uuidv7() as UserId
  let dataDir: string
  let database: EmbeddedDatabase
  let cache: VectorCache
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'synap-vectors-'))
    database = await createEmbeddedDatabase({
      dataDir,
      logger,
      onExit: (error) => {
        throw error
      },
    })
    await migrateAll(database.pool, new AbortController().signal)
    cache = createVectorCache({ pool: database.pool, logger, maxBytes: 16_777_216 })
  }, 60_000)
  afterAll(async () => {
    await cache?.close()
    await database?.close()
    await rm(dataDir, { recursive: true, force: true })
  })

  /** Items of the user with a vector each, anywhere. */
  const add = async (count: number) => {
    await transaction(database.pool, { role: 'synap_projector' }, async (client) => {
      await query(client, {
        text: `
          insert into read_v1.entity_vectors (entity_id, content_sha256, producer, block, chunk, user_id, model,
            char_start, char_end, embedding)
          select gen_random_uuid(), 'h', 'p', 0, 0, $1::uuid, $2::text, 0, 1, (
            select array_agg((random() - 0.5)::real) from generate_series(1, 1536) where n > 0
          )::public.vector(1536)::public.halfvec(1536)
          from generate_series(1, $3::int) as n`,
        values: [userId, model, count],
      })
      await query(client, {
        text: `
          insert into read_v1.entities (entity_id, user_id, type, subject_sha256, attachments, metadata, provenance,
            suggestions, rejected, version, sequence, created_at, updated_at)
          select entity_id, user_id, 'note', 'h', '[]', '{}', '{}', '[]', '[]', 1, 1, now(), now()
          from read_v1.entity_vectors on conflict do nothing`,
      })
      await query(client, {
        text: `insert into read_v1.user_models as m values ($1::uuid, $2::text, $3::int)
          on conflict (user_id, model) do update set vectors = m.vectors + excluded.vectors`,
        values: [userId, model, count],
      })
    })
  }
  const vectors = () =>
    transaction(database.pool, { role: 'synap_query', userId }, (client) =>
      query<{ id: string; sent: Buffer }>(client, {
        text: `select entity_id as id, public.halfvec_send(embedding) as sent from read_v1.entity_vectors
          order by added_in, entity_id`,
      }),
    )
  const search = async (
    values: Float32Array,
    count: number,
    { types, text = null }: { types?: string[]; text?: string | null } = {},
  ) => {
    const outcomes: CacheOutcome[] = []
    const asker = {
      userId,
      vectors: count,
      cache: { ...cache, count: (one: CacheOutcome) => void outcomes.push(one) },
    }
    const question = {
      text,
      configs: text === null ? [] : ['english'],
      vector: { values, model },
      filter: { types },
      leastLikeness: text === null ? null : 0.1,
      limit: 5,
    }
    const rows = await transaction(
      database.pool,
      { role: 'synap_query', userId },
      (client) => findRows({ client, schema: 'read_v1' }, question, asker),
      { readOnly: true, isolation: 'repeatable read', genericPlans: true },
    )
    return { outcomes, ids: rows.map((row) => row.entity_id) }
  }

  /** Memory tells likenesses to four digits: two that are as near may change places, the last with one that is not shown. */
  const expectSame = (ids: readonly string[], right: readonly string[]) => {
    expect([ids.length, ids[0]]).toEqual([right.length, right[0]])
    expect(ids.filter((id) => right.includes(id)).length).toBeGreaterThanOrEqual(right.length - 1)
  }

  it('given more vectors than one page, they are read past the one connection, and what comes later is found too', async () => {
    await add(300)
    const [first, , third] = await vectors()
    const question = fromHalfvec(Buffer.from(third?.sent as Buffer))
    const compared = await search(question, 300)
    expect(compared.outcomes).toEqual(['missing'])
    await cache.settled()
    const found = await search(question, 300)
    expect(found.outcomes).toEqual(['cached'])
    expectSame(found.ids, compared.ids)
    expect(found.ids[0]).toBe(third?.id)

    await add(1)
    const last = (await vectors()).at(-1)
    expect(last?.id).not.toBe(first?.id)
    const later = await search(fromHalfvec(Buffer.from(last?.sent as Buffer)), 301)
    expect([later.outcomes, later.ids[0]]).toEqual([['cached'], last?.id])

    const ideas = (await vectors()).slice(50, 53).map(({ id }) => id)
    await transaction(database.pool, { role: 'synap_projector' }, (client) =>
      query(client, {
        text: `update read_v1.entities set type = 'idea' where entity_id = any($1::uuid[])`,
        values: [ideas],
      }),
    )
    for (let run = 0; run < 2; run += 1) {
      const narrow = await search(question, 301, { types: ['idea'] })
      expect([narrow.outcomes, new Set(narrow.ids)]).toEqual([['cached'], new Set(ideas)])
    }
    expectSame((await search(question, 301, { types: ['note', 'idea'] })).ids, compared.ids)
  }, 60_000)

  it('given words and meaning, both are found from what is in memory', async () => {
    const [, near, both, words] = await vectors()
    const question = fromHalfvec(Buffer.from(near?.sent as Buffer)).map(
      (value, at) => value + 0.9 * (fromHalfvec(Buffer.from(both?.sent as Buffer))[at] as number),
    )
    await transaction(database.pool, { role: 'synap_projector' }, (client) =>
      query(client, {
        text: `
          insert into read_v1.entity_lexemes (entity_id, user_id, config, lexemes)
          select id, $1::uuid, 'english', read_v1.to_lexemes('english', 'river', 'C') from unnest($2::uuid[]) as id`,
        values: [userId, [both?.id, words?.id]],
      }),
    )
    const { outcomes, ids } = await search(question, 301, { text: 'rivers' })
    expect([outcomes, ids[0]]).toEqual([['cached'], both?.id])
    expect(new Set(ids)).toEqual(new Set([both?.id, near?.id, words?.id]))
  }, 60_000)
})
