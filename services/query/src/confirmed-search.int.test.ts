import { createOfflineProvider, type ModelProvider } from '@synap/ai'
import { bytesToUuid, type UserId, uuidv7 } from '@synap/core'
import { createPool, transaction } from '@synap/postgres'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPoints, nearestPoints, seedPoints } from '../test/clustered-vectors.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'
import type { Seen } from './sql/added-vectors.ts'
import { loadVectors } from './vectors/load-vectors.ts'

const draw = createPoints(40)
let question = draw()
const model: ModelProvider = {
  ...createOfflineProvider(),
  embeddingModel: 'points',
  embed: () => Promise.resolve({ vectors: [question], usage: { inputTokens: 0, outputTokens: 0 } }),
}
const count = 400

describe('candidates that the database only confirms', () => {
  let query: TestQuery
  let user: UserId
  let points: Float32Array[]
  let entities: string[]
  beforeAll(async () => {
    query = await startQuery([model])
    // Nothing here reads it, and each new vector costs it time.
    await sql('drop index read_v1.entity_vectors_hnsw')
  })
  beforeEach(async () => {
    user = uuidv7() as UserId
    points = Array.from({ length: count }, draw)
    entities = await seedPoints(query.pool, user, 'points', points)
    await sql(`insert into read_v1.entities (entity_id, user_id, type, subject_sha256, attachments, metadata, provenance,
        suggestions, rejected, version, sequence, created_at, updated_at)
      select entity_id, user_id, 'note', 'h', '[]', '{}', '{}', '[]', '[]', 1, 1, now(), now()
      from read_v1.entity_vectors where user_id = '${user}';
      insert into read_v1.user_models values ('${user}', 'points', ${count})`)
    question = draw()
    await search()
    await query.vectors.settled()
  })
  afterAll(() => query.close())

  const sql = (text: string) => query.database.superuserSql(text)
  const search = async (filter = '') => {
    const finds = vi.spyOn(query.vectors, 'find')
    const compares = vi.spyOn(query.vectors, 'count')
    const answer = await eventually('an answer', async () => {
      const given = await query.get(`/v1/search?q=anything&mode=semantic&limit=10${filter}`, user)
      return given.status === 503 ? undefined : given
    })
    expect(answer, answer.text).toMatchObject({ status: 200 })
    const isLevel = finds.mock.results.at(-1)?.value?.isLevel as boolean | undefined
    const outcome = compares.mock.calls.at(-1)?.[0]
    finds.mockRestore()
    compares.mockRestore()
    const ids = answer.json.items.map((item: { entity: { id: string } }) => item.entity.id) as string[]
    return { ids, isLevel, outcome }
  }
  const nearest = (without: readonly number[] = []) =>
    nearestPoints(points, question, 10 + without.length)
      .filter((place) => !without.includes(place))
      .slice(0, 10)
      .map((place) => entities[place])
  const found = { isLevel: true, outcome: 'cached' }
  const vectorsChanged = (by: number) =>
    sql(`update read_v1.user_models set vectors = vectors + ${by} where user_id = '${user}'`)
  const addVector = async (place: number, point: Float32Array, content: string, chunk: number) => {
    const [other] = await seedPoints(query.pool, user, 'points', [point])
    await sql(`update read_v1.entity_vectors set entity_id = '${entities[place]}', content_sha256 = '${content}', chunk = ${chunk}
      where entity_id = '${other}'`)
  }

  it('given a filter that is tried on candidates, the nearest that pass come, and no vector is read', async () => {
    await sql(`update read_v1.entity_vectors set embedding = array_fill(1, array[1536])::public.halfvec
      where user_id = '${user}'`)
    const others = entities.flatMap((_, place) => (place % 2 === 0 ? [place] : []))
    await sql(`update read_v1.entities set type = 'idea' where user_id = '${user}'
      and entity_id <> all ('{${others.map((place) => entities[place]).join(',')}}')`)
    const wanted = nearest(others)
    const first = await search('&type=idea')
    // Two that are as near may change places.
    expect([new Set(first.ids), first.outcome]).toEqual([new Set(wanted), 'cached'])
    await sql(`update read_v1.entities set deleted_at = now() where entity_id = '${wanted[3]}'`)
    const { ids, outcome } = await search('&type=idea')
    expect([ids.length, outcome]).toEqual([10, 'cached'])
    expect(ids).toEqual(expect.arrayContaining(wanted.toSpliced(3, 1)))
    expect(ids).not.toContain(wanted[3])
  })

  it('given all of the user’s vectors in memory, the nearest come in order, and none is read', async () => {
    // What is not read may be torn: the answer is memory's.
    await sql(`update read_v1.entity_vectors set embedding = array_fill(1, array[1536])::public.halfvec
      where user_id = '${user}'`)
    for (let run = 0; run < 5; run += 1) {
      question = draw()
      // Two that are as near may change places.
      const { ids, ...how } = await search()
      expect([new Set(ids), how]).toEqual([new Set(nearest()), found])
    }
  })

  it('given an item that is gone, it is not shown, and the next is', async () => {
    const [first = 0] = nearestPoints(points, question, 1)
    await sql(`update read_v1.entities set deleted_at = now() where entity_id = '${entities[first]}'`)
    expect(await search()).toMatchObject({ ids: nearest([first]), ...found })
  })

  it('given an item with another content, it is found by the passage of that which is nearest, and not by the old one', async () => {
    const [first = 0] = nearestPoints(points, question, 1)
    await sql(`update read_v1.entities set subject_sha256 = 'later' where entity_id = '${entities[first]}'`)
    expect((await search()).ids).toEqual(nearest([first]))
    const opposite = question.map((value) => -value)
    const near = question.map(
      (value, at) => value + (opposite[at] as number) * 0.2 + (points[5]?.[at] ?? 0) * 0.2,
    )
    await addVector(first, opposite, 'later', 0)
    await addVector(first, near, 'later', 7)
    await vectorsChanged(2)
    await search()
    await query.vectors.settled()
    const chunks = vi.spyOn(query.vectors, 'nearestPassage')
    expect(await search()).toMatchObject({
      ids: [entities[first], ...nearest([first]).slice(0, 9)],
      ...found,
    })
    expect(chunks.mock.results.map(({ value }) => value?.chunk)).not.toContain(0)
    chunks.mockRestore()
    await sql(`update read_v1.entities set subject_sha256 = 'h' where entity_id = '${entities[first]}'`)
    const { ids, ...how } = await search()
    // Two that are as near may change places.
    expect([new Set(ids), how]).toEqual([new Set(nearest()), found])
  })

  it('given a vector that is gone, its item is not shown, though memory has it', async () => {
    const [first = 0] = nearestPoints(points, question, 1)
    await sql(`delete from read_v1.entity_vectors where entity_id = '${entities[first]}'`)
    await vectorsChanged(-1)
    expect((await search()).ids).toEqual(nearest([first]))
    expect((await search()).isLevel).toBe(false)
  })

  it('given one that is gone and one that came, as many as before, what is gone is not shown and what came is', async () => {
    const [first = 0, second = 0] = nearestPoints(points, question, 2)
    await sql(
      `delete from read_v1.entity_vectors where entity_id in ('${entities[first]}', '${entities[second]}')`,
    )
    await addVector(second, question, 'h', 3)
    await addVector(
      5,
      question.map((value) => -value),
      'h',
      3,
    )
    expect((await search()).ids).toEqual([entities[second], ...nearest([first, second]).slice(0, 9)])
  })

  it('given a transaction that was under way while memory was read, what it took and brought counts when it is done', async () => {
    const [first = 0] = nearestPoints(points, question, 1)
    const late = createPool({ url: query.database.url, applicationName: 'late', max: 1 })
    await transaction(late, { role: 'synap_projector' }, async (client) => {
      await client.query(`delete from read_v1.entity_vectors where entity_id = '${entities[first]}'`)
      await client.query(
        `insert into read_v1.entity_vectors (entity_id, content_sha256, producer, block, chunk, user_id, model, char_start, char_end,
           embedding)
         values ($1, 'h', 'p', 0, 9, $2, 'points', 0, 1, $3::public.halfvec)`,
        [entities[5], user, `[${question.join(',')}]`],
      )
      // One more makes them be read, after which they seem to be all.
      await addVector(6, draw(), 'h', 1)
      await vectorsChanged(1)
      await search()
      await query.vectors.settled()
      expect((await search()).ids).toEqual(nearest())
    })
    await late.end()
    expect((await search()).ids).toEqual([entities[5], ...nearest([first, 5]).slice(0, 9)])
  })

  it('given a vector that comes while others are read, it is left for the next time', async () => {
    let coming: Promise<unknown> | undefined
    const waiting = new Proxy(query.pool, {
      get: (pool, name) =>
        name === 'connect'
          ? () => Promise.resolve(coming).then(() => pool.connect())
          : Reflect.get(pool, name),
    })
    const of = { schema: 'read_v1', userId: user, model: 'points' }
    const read = async (since?: Seen) => {
      const ids: string[] = []
      const seen = await loadVectors(
        { pool: waiting, of, since, signal: AbortSignal.timeout(30_000) },
        ({ id }) => {
          coming ??= addVector(7, draw(), 'h', 1)
          return ids.push(bytesToUuid(id)) > 0
        },
      )
      return { ids, seen }
    }
    const { ids, seen } = await read()
    expect([ids.length, new Set(ids)]).toEqual([count, new Set(entities)])
    expect((await read(seen)).ids).toEqual([entities[7]])
  })
})
