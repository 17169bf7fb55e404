import { createOfflineProvider, type ModelProvider } from '@synap/ai'
import { type UserId, uuidv7 } from '@synap/core'
import { createPool, type Pool, transaction } from '@synap/postgres'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createPoints, nearestPoints, seedPoints } from '../../test/clustered-vectors.ts'
import { startQuery, type TestQuery } from '../../test/start-query.ts'
import { packedBytes } from './packed-vectors.ts'
import { slabBytes } from './slabs.ts'

const draw = createPoints(100)
let question = draw()
const modelNamed = (embeddingModel: string): ModelProvider => ({
  ...createOfflineProvider(),
  embeddingModel,
  embed: () => Promise.resolve({ vectors: [question], usage: { inputTokens: 0, outputTokens: 0 } }),
})
const providers = [modelNamed('points'), modelNamed('other')]

interface Owner {
  id: UserId
  points: Float32Array[]
  entities: string[]
}

/** Entities to vectors that have none, and the count of each model. */
const completeRows = `
  insert into read_v1.entities (entity_id, user_id, type, subject_sha256, attachments, metadata, provenance,
    suggestions, rejected, version, sequence, created_at, updated_at)
  select entity_id, user_id, 'note', 'h', '[]', '{}', '{}', '[]', '[]', 1, 1, now(), now() from read_v1.entity_vectors
  on conflict do nothing;
  delete from read_v1.user_models;
  insert into read_v1.user_models select user_id, model, count(*) from read_v1.entity_vectors group by 1, 2;`

describe('vectors in memory', () => {
  let query: TestQuery
  beforeAll(async () => {
    query = await startQuery(providers)
    // Nothing here reads it, and each new vector costs it time.
    await query.database.superuserSql('drop index read_v1.entity_vectors_hnsw')
  })
  afterAll(() => query.close())

  const addTo = async (
    owner: Owner,
    points: readonly Float32Array[],
    model = 'points',
    pool: Pool = query.pool,
  ) => {
    const entities = await seedPoints(pool, owner.id, model, points)
    await query.database.superuserSql(completeRows)
    if (model !== 'points') return entities
    owner.points.push(...points)
    owner.entities.push(...entities)
    return entities
  }
  const createOwner = async (count: number) => {
    const owner: Owner = { id: uuidv7() as UserId, points: [], entities: [] }
    await addTo(owner, Array.from({ length: count }, draw))
    return owner
  }
  const search = async ({ id }: Owner, more = '', on = query, mode = 'semantic') => {
    const outcomes = vi.spyOn(on.vectors, 'count')
    // 503: this process had too much to do, as when other tests run beside it.
    const answer = await eventually('an answer', async () => {
      const given = await on.get(`/v1/search?q=anything&mode=${mode}&limit=10${more}`, id)
      return given.status === 503 ? undefined : given
    })
    expect(answer.status).toBe(200)
    const outcome = outcomes.mock.calls.at(-1)?.[0]
    outcomes.mockRestore()
    return {
      outcome,
      ids: answer.json.items.map((item: { entity: { id: string } }) => item.entity.id) as string[],
    }
  }
  const nearest = (owner: Owner, count = 10) =>
    nearestPoints(owner.points, question, count).map((place) => owner.entities[place] as string)
  /** After a search that missed them, or that asked for those that came since. */
  const warm = async (owner: Owner, on = query) => {
    const { outcome } = await search(owner, '', on)
    await on.vectors.settled()
    return outcome
  }

  it.each([
    [200, 1],
    [2_500, 0.99],
  ])(
    'given %i vectors, the first search does without and the others find the nearest in memory',
    async (count, least) => {
      const owner = await createOwner(count)
      expect(await warm(owner)).toBe('missing')
      let hits = 0
      for (let run = 0; run < 20; run += 1) {
        question = draw()
        const { outcome, ids } = await search(owner)
        expect(outcome).toBe('cached')
        expect(ids).toHaveLength(10)
        const right = new Set(nearest(owner))
        hits += ids.filter((id) => right.has(id)).length
      }
      // Two points may be as near as float16 can tell.
      expect(hits / 200).toBeGreaterThanOrEqual(Math.min(least, 0.995))
    },
  )

  it('given nothing in memory that is like enough, hybrid search asks for no more, and finds what came since', async () => {
    const owner = await createOwner(300)
    await warm(owner)
    question = Float32Array.from({ length: 1536 }, (_, place) =>
      owner.points.reduce((sum, point) => sum - (point[place] as number), 0),
    )
    expect(await search(owner, '', query, 'hybrid')).toEqual({ outcome: 'cached', ids: [] })
    const added = await addTo(owner, [question])
    expect(await search(owner, '', query, 'hybrid')).toEqual({ outcome: 'cached', ids: added })
  })

  it('given vectors that come while others are in memory, they are found at once, and taken in when they are many', async () => {
    const owner = await createOwner(300)
    await warm(owner)
    const [added = ''] = await addTo(owner, [question])
    expect(await search(owner)).toMatchObject({
      outcome: 'cached',
      ids: [added, ...nearest(owner, 10).slice(1)],
    })
    const bytes = vi.spyOn(query.vectors, 'find')
    await addTo(owner, Array.from({ length: 40 }, draw))
    await warm(owner)
    const before = bytes.mock.results.at(-1)?.value.since
    expect((await search(owner)).ids).toEqual(nearest(owner))
    const { since, ids } = bytes.mock.results.at(-1)?.value ?? {}
    bytes.mockRestore()
    expect(since).not.toEqual(before)
    expect(Buffer.from(ids).toString('hex')).toContain(added.replaceAll('-', ''))
  })

  it('given a transaction under way while the vectors were read, what it adds is found when it is done', async () => {
    const owner = await createOwner(300)
    question = draw()
    const other = createPool({ url: query.database.url, applicationName: 'late', max: 1 })
    const id = uuidv7()
    await transaction(other, { role: 'synap_projector' }, async (client) => {
      await client.query(
        `insert into read_v1.entity_vectors (entity_id, content_sha256, producer, block, chunk, user_id, model,
           char_start, char_end, embedding)
         values ($1, 'h', 'p', 0, 0, $2, 'points', 0, 1, $3::public.halfvec)`,
        [id, owner.id, `[${question.join(',')}]`],
      )
      // A later transaction that is done sooner: the newest number that is seen is not the whole story.
      await addTo(owner, [draw()])
      expect(await warm(owner)).toBe('missing')
    })
    await other.end()
    await query.database.superuserSql(completeRows)
    const { outcome, ids } = await search(owner)
    expect([outcome, ids[0]]).toEqual(['cached', id])
  })

  it('given items that are deleted, of other content or gone, they are not found, and others are in their places', async () => {
    const owner = await createOwner(400)
    question = draw()
    await warm(owner)
    const [deleted, old, gone, purged] = nearest(owner)
    await query.database.superuserSql(`
      update read_v1.entities set deleted_at = now() where entity_id = '${deleted}';
      update read_v1.entities set subject_sha256 = 'other' where entity_id = '${old}';
      delete from read_v1.entity_vectors where entity_id = '${gone}';
      delete from read_v1.entity_vectors where entity_id = '${purged}';
      delete from read_v1.entities where entity_id = '${purged}';
      update read_v1.user_models set vectors = vectors - 2 where user_id = '${owner.id}'`)
    expect(await search(owner)).toEqual({ outcome: 'cached', ids: nearest(owner, 14).slice(4) })
  })

  it('given so many gone that memory has too few, none of those that are left is missed', async () => {
    const owner = await createOwner(500)
    question = draw()
    await warm(owner)
    const near = nearest(owner, 250)
    await query.database.superuserSql(
      `update read_v1.entities set deleted_at = now() where entity_id in (${near.map((id) => `'${id}'`).join(', ')})`,
    )
    expect(await search(owner)).toEqual({ outcome: 'too few', ids: nearest(owner, 260).slice(250) })
  })

  it('given candidates that are gone, and what came since further away, what is nearer than that is found', async () => {
    const owner = await createOwner(500)
    question = draw()
    await warm(owner)
    const near = nearest(owner, 100)
    await query.database.superuserSql(
      `update read_v1.entities set deleted_at = now() where entity_id in (${near.map((id) => `'${id}'`).join(', ')})`,
    )
    await addTo(
      owner,
      Array.from({ length: 12 }, () => draw().map((value, at) => value - 2 * (question[at] as number))),
    )
    expect((await search(owner)).ids).toEqual(nearest(owner, 110).slice(100))
  })

  it('given a filter that keeps few, all of them are found', async () => {
    const owner = await createOwner(1_500)
    await warm(owner)
    const kept = owner.entities.filter((_, place) => place % 300 === 7)
    await query.database.superuserSql(
      `update read_v1.entities set type = 'project' where entity_id in (${kept.map((id) => `'${id}'`).join(', ')})`,
    )
    const { outcome, ids } = await search(owner, '&type=project')
    expect([outcome, new Set(ids)]).toEqual(['cached', new Set(kept)])
    expect((await search(owner, '&type=note')).outcome).toBe('cached')
  })

  it('given another user with the same texts, neither gets the other’s, even if memory mistook them', async () => {
    const [anna, bert] = [await createOwner(150), await createOwner(150)]
    await addTo(bert, anna.points.slice())
    await warm(anna)
    await warm(bert)
    question = anna.points[3] as Float32Array
    expect(new Set((await search(anna)).ids)).toEqual(new Set(nearest(anna)))
    expect(bert.entities).toEqual(expect.arrayContaining((await search(bert)).ids))
    const find = query.vectors.find.bind(query.vectors)
    const mistaken = vi.spyOn(query.vectors, 'find').mockImplementation((of, asked) => {
      return find({ ...of, userId: bert.id }, asked)
    })
    const { ids } = await search(anna)
    mistaken.mockRestore()
    expect(ids).toEqual(nearest(anna))
  })

  it('given vectors of two models, only those of the question’s model are in memory for it', async () => {
    const owner = await createOwner(200)
    question = draw()
    await addTo(owner, [question, question], 'other')
    await warm(owner)
    expect(await search(owner)).toEqual({ outcome: 'cached', ids: nearest(owner) })
    const others = await addTo(owner, Array.from({ length: 300 }, draw), 'other')
    // Now the other model has made the most.
    expect(await warm(owner)).toBe('missing')
    const { outcome, ids } = await search(owner)
    expect(outcome).toBe('cached')
    expect(ids.filter((id) => owner.entities.includes(id))).toEqual([])
    expect(others).toEqual(expect.arrayContaining(ids.slice(2)))
  })

  it('given another read model, what memory has of the first is not used for it', () => {
    const of = { schema: 'read_v2', userId: uuidv7() as UserId, model: 'points' }
    expect(
      query.vectors.find(of, { values: question, wanted: 1, sure: 1, leastLikeness: null }),
    ).toBeUndefined()
  })

  it('given little memory, those who asked last are in it, it never holds more, and every answer is right', async () => {
    const maxBytes = 12 * slabBytes
    const small = await startQuery(providers, undefined, { vectorCacheBytes: maxBytes }, query.database)
    const owners: Owner[] = []
    for (let number = 0; number < 4; number += 1) owners.push(await createOwner(200))
    owners.push(await createOwner(Math.ceil(maxBytes / packedBytes) + 1))
    for (let round = 0; round < 2; round += 1) {
      for (const owner of owners) {
        question = draw()
        expect((await search(owner, '', small)).ids).toEqual(nearest(owner))
        await small.vectors.settled()
        expect(small.vectors.bytes()).toBeLessThanOrEqual(maxBytes)
      }
    }
    expect(await warm(owners[4] as Owner, small)).toBe('missing')
    expect(await warm(owners[3] as Owner, small)).toBe('cached')
    expect(await warm(owners[0] as Owner, small)).toBe('missing')
    expect(await warm(owners[0] as Owner, small)).toBe('cached')
    await small.close()
  })

  it('given no memory at all, searches do without', async () => {
    const none = await startQuery(providers, undefined, { vectorCacheBytes: 0 }, query.database)
    const owner = await createOwner(150)
    question = draw()
    expect(await warm(owner, none)).toBe('missing')
    expect(await search(owner, '', none)).toEqual({ outcome: 'missing', ids: nearest(owner) })
    expect(none.vectors.bytes()).toBe(0)
    await none.close()
  })
})
