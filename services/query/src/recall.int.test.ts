import { createOfflineProvider, type ModelProvider } from '@synap/ai'
import { type UserId, uuidv7 } from '@synap/core'
import { type Client, queryRole, transaction } from '@synap/postgres'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPoints, nearestPoints, seedPoints } from '../test/clustered-vectors.ts'
import { seedEntity } from '../test/seed.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'
import { findByComparing } from './find-by-comparing.ts'
import { allowIterativeScan, findNeighbours, scannedTuples } from './sql/find-neighbours.ts'

const draw = createPoints(100)
let question = draw()
const model: ModelProvider = {
  ...createOfflineProvider(),
  embeddingModel: 'points',
  embed: () => Promise.resolve({ vectors: [question], usage: { inputTokens: 0, outputTokens: 0 } }),
}
/** More than are compared one by one. */
const many = 1_000_000

describe('neighbours by meaning', () => {
  let query: TestQuery
  const users = new Map<number, { id: UserId; points: Float32Array[]; entities: string[] }>()
  beforeAll(async () => {
    query = await startQuery([model], undefined, { vectorCacheBytes: 0 })
    const [index] = await query.database.superuserSql(
      `select pg_get_indexdef('read_v1.entity_vectors_hnsw'::regclass)`,
    )
    await query.database.superuserSql('drop index read_v1.entity_vectors_hnsw')
    for (const count of [1_000, 10_000]) {
      const [id, points] = [uuidv7() as UserId, Array.from({ length: count }, draw)]
      users.set(count, { id, points, entities: await seedPoints(query.pool, id, 'points', points) })
    }
    await query.database.superuserSql(
      `insert into read_v1.entities (entity_id, user_id, type, subject_sha256, attachments, metadata, provenance,
         suggestions, rejected, version, sequence, created_at, updated_at)
       select entity_id, user_id, case when random() < 0.5 then 'note' else 'idea' end, 'h', '[]', '{}', '{}', '[]',
         '[]', 1, 1, now(), now() from read_v1.entity_vectors;
       insert into read_v1.user_models select user_id, model, count(*) from read_v1.entity_vectors group by 1, 2;
       ${index};
       analyze read_v1.entity_vectors; analyze read_v1.entities;`,
    )
  })
  afterAll(() => query.close())

  const found = async (user: string, more = '') => {
    const answer = await query.get(`/v1/search?q=anything&mode=semantic&limit=10${more}`, user)
    expect(answer.status).toBe(200)
    return answer.json.items.map((item: { entity: { id: string } }) => item.entity.id) as string[]
  }
  const sayThatThereAre = (vectors: number, user: string) =>
    query.database.superuserSql(
      `update read_v1.user_models set vectors = ${vectors} where user_id = '${user}'`,
    )

  const asUser = <T>(userId: UserId, work: (client: Client) => Promise<T>) =>
    transaction(query.pool, { role: queryRole, userId }, work, { readOnly: true, genericPlans: true })
  const asked = () => ({
    text: null,
    configs: [],
    vector: { values: question, model: 'points' },
    filter: {},
    leastLikeness: null,
    limit: 10,
  })

  const scansOfTheIndex = async () =>
    Number(
      await query.database.superuserSql(
        `select idx_scan from pg_stat_user_indexes where indexrelname = 'entity_vectors_hnsw'`,
      ),
    )

  it.each([
    [1_000, 'comparing all', 1_000, 1],
    [10_000, 'comparing all', 10_000, 1],
    [1_000, 'from the index', many, 0.99],
    [10_000, 'from the index', many, 0.99],
  ])('given %i vectors, %s, the ten nearest are found', async (count, _, told, least) => {
    const { id, points, entities } = users.get(count) as {
      id: UserId
      points: Float32Array[]
      entities: string[]
    }
    await sayThatThereAre(told, id)
    const before = await scansOfTheIndex()
    let hits = 0
    for (let number = 0; number < 20; number += 1) {
      question = draw()
      const nearest = new Set(nearestPoints(points, question, 10).map((place) => entities[place]))
      const ids = await found(id)
      expect(ids).toHaveLength(10)
      hits += ids.filter((one) => nearest.has(one)).length
    }
    // Two points may be as near as float16 can tell.
    await eventually(
      'the index was used, or was not',
      async () => (await scansOfTheIndex()) > before === (told === many),
    )
    expect(hits / 200).toBeGreaterThanOrEqual(Math.min(least, 0.995))
  })

  it('given many, of very many of all, the index is not asked', async () => {
    const { id, points, entities } = users.get(10_000) as {
      id: UserId
      points: Float32Array[]
      entities: string[]
    }
    question = draw()
    const nearest = nearestPoints(points, question, 10).map((place) => entities[place])
    const searched = async (all: number) => {
      await query.database.superuserSql(
        `update pg_class set reltuples = ${all} where oid = 'read_v1.entity_vectors'::regclass`,
      )
      return asUser(id, async (client) => {
        const rows = await findByComparing({ client, schema: 'read_v1' }, asked(), { vectors: 200_000 })
        const { rows: scans } = await client.query(
          `select current_setting('hnsw.iterative_scan', true) as way`,
        )
        return { way: scans[0]?.way, ids: new Set(rows.map((row) => row.entity_id)) }
      })
    }
    const ofMany = await searched(100_000_000)
    const ofFew = await searched(11_000)
    expect(ofMany.ids).toEqual(new Set(nearest))
    expect([ofMany.way === 'strict_order', ofFew.way]).toEqual([false, 'strict_order'])
  })

  it('given the index and a filter that keeps many, the nearest of these are found', async () => {
    const { id, points, entities } = users.get(10_000) as {
      id: UserId
      points: Float32Array[]
      entities: string[]
    }
    const notes = new Set(
      await query.database.superuserSql(
        `select entity_id from read_v1.entities where user_id = '${id}' and type = 'note'`,
      ),
    )
    question = draw()
    const nearest = nearestPoints(points, question, 100)
      .map((place) => entities[place] as string)
      .filter((one) => notes.has(one))
      .slice(0, 10)
    const rows = await asUser(id, async (client) => {
      await allowIterativeScan(client, scannedTuples)
      return findNeighbours(client, 'read_v1', { ...asked(), filter: { types: ['note'] } }, 'indexed')
    })
    const hits = rows.filter((row) => nearest.includes(row.entity_id)).length
    expect([rows.length, rows.every((row) => notes.has(row.entity_id))]).toEqual([10, true])
    expect(hits).toBeGreaterThanOrEqual(9)
  })

  it('given what was compared in the order of an index, other statements are planned as ever', async () => {
    const { id } = users.get(1_000) as { id: UserId }
    const scans = await asUser(id, async (client) => {
      await findByComparing({ client, schema: 'read_v1' }, asked(), { vectors: 1_000 })
      const { rows } = await client.query(
        `select current_setting('enable_seqscan') as tables, current_setting('enable_bitmapscan') as bitmaps`,
      )
      return rows
    })
    expect(scans).toEqual([{ tables: 'on', bitmaps: 'on' }])
  })

  it('given the index and a filter that keeps few, all of them are found', async () => {
    const { id, entities } = users.get(10_000) as { id: UserId; entities: string[] }
    await sayThatThereAre(many, id)
    const kept = entities.filter((_, place) => place % 1_000 === 7)
    await query.database.superuserSql(
      `update read_v1.entities set type = 'project' where entity_id in (${kept.map((one) => `'${one}'`).join(', ')})`,
    )
    expect(new Set(await found(id, '&type=project'))).toEqual(new Set(kept))
  })

  it('given one text with more near passages than are looked at, the others are found behind it', async () => {
    const user = uuidv7() as UserId
    const near = await seedEntity(query.pool, {
      userId: user,
      sequence: 1,
      text: 'a long text',
      model: 'points',
      vectors: Array.from({ length: 401 }, () => question),
    })
    const others = await seedPoints(query.pool, user, 'points', Array.from({ length: 9 }, draw))
    await query.database.superuserSql(
      `insert into read_v1.entities (entity_id, user_id, type, subject_sha256, attachments, metadata, provenance,
         suggestions, rejected, version, sequence, created_at, updated_at)
       select v.entity_id, v.user_id, 'note', 'h', '[]', '{}', '{}', '[]', '[]', 1, 1, now(), now()
       from read_v1.entity_vectors as v where v.user_id = '${user}' and v.content_sha256 = 'h'`,
    )
    for (const told of [410, many]) {
      await sayThatThereAre(told, user)
      const ids = await found(user)
      expect(ids[0]).toBe(near)
      expect(new Set(ids.slice(1))).toEqual(new Set(others))
    }
  })
})
