import { createOfflineProvider, type ModelProvider } from '@synap/ai'
import { type UserId, uuidv7 } from '@synap/core'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPoints, nearestPoints, seedPoints } from '../test/clustered-vectors.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

const draw = createPoints(40)
let question = draw()
const model: ModelProvider = {
  ...createOfflineProvider(),
  embeddingModel: 'points',
  embed: () => Promise.resolve({ vectors: [question], usage: { inputTokens: 0, outputTokens: 0 } }),
}
const count = 900
const few = 30

describe('what a filter let pass, kept', () => {
  let query: TestQuery
  const user = uuidv7() as UserId
  const points = Array.from({ length: count }, draw)
  let entities: string[] = []
  let looked: { mockRestore(): void; mock: { calls: unknown[] } }
  beforeAll(async () => {
    query = await startQuery([model])
    // Nothing here reads it, and each new vector costs it time.
    await sql('drop index read_v1.entity_vectors_hnsw')
    entities = await seedPoints(query.pool, user, 'points', points)
    await store(entities)
    await sql(`insert into read_v1.user_models values ('${user}', 'points', ${count});
      insert into read_v1.user_positions values ('${user}', 1000)`)
    await search()
    await query.vectors.settled()
    looked = vi.spyOn(query.vectors, 'choose')
  })
  beforeEach(async () => {
    // Another position each time, at which the first 30 are ideas and nothing is parked.
    await sql(`delete from read_v1.parked; update read_v1.user_positions set seen = seen + 1;
      ${typed(entities, 'note')}; ${typed(entities.slice(0, few), 'idea')}`)
    await search()
    looked.mock.calls.length = 0
  })
  afterAll(async () => {
    looked.mockRestore()
    await query.close()
  })

  const sql = (text: string) => query.database.superuserSql(text)
  const store = (ids: readonly string[]) =>
    sql(`insert into read_v1.entities (entity_id, user_id, type, subject_sha256, attachments, metadata, provenance, suggestions,
        rejected, version, sequence, created_at, updated_at)
      select id, '${user}', 'note', 'h', '[]', '{}', '{}', '[]', '[]', 1, 1, now(), now()
      from unnest('{${ids.join()}}'::uuid[]) as id`)
  const typed = (ids: readonly string[], type: string) =>
    `update read_v1.entities set type = '${type}' where entity_id = any ('{${ids.join()}}')`
  const search = async (as: UserId = user, type = 'idea') => {
    const answer = await eventually('an answer', async () => {
      const given = await query.get(`/v1/search?q=anything&mode=semantic&limit=10&type=${type}`, as)
      return given.status === 503 ? undefined : given
    })
    expect(answer, answer.text).toMatchObject({ status: 200 })
    return answer.json.items.map((item: { entity: { id: string } }) => item.entity.id) as string[]
  }
  const nearest = (places: readonly number[]) =>
    nearestPoints(
      places.map((place) => points[place] as Float32Array),
      question,
      10,
    ).map((at) => entities[places[at] as number])
  const first = (length: number) => Array.from({ length }, (_, place) => place)

  it('given nothing new, the nearest are found among those, and these are not asked for again', async () => {
    for (let run = 0; run < 5; run += 1) {
      question = draw()
      expect(await search()).toEqual(nearest(first(few)))
    }
    expect(looked.mock.calls).toEqual([])
  })

  it('given a filter that most pass, they are read behind two questions between which nothing has changed', async () => {
    const most = Array.from({ length: count - few }, (_, at) => few + at)
    const asked = async () => {
      question = draw()
      // Two that are as near may change places.
      expect(new Set(await search(user, 'note'))).toEqual(new Set(nearest(most)))
      await query.vectors.settled()
      return [read.mock.calls.length, tried.mock.calls.at(-1)?.[1].among?.count]
    }
    const move = () => sql('update read_v1.user_positions set seen = seen + 1')
    const read = vi.spyOn(query.vectors, 'wantChoice')
    const tried = vi.spyOn(query.vectors, 'find')
    for (let run = 0; run < 3; run += 1) {
      await move()
      expect(await asked()).toEqual([0, undefined])
    }
    expect([await asked(), await asked()]).toEqual([
      [1, undefined],
      [1, most.length],
    ])
    await move()
    expect([await asked(), await asked(), await asked()]).toEqual([
      [1, undefined],
      [2, undefined],
      [2, most.length],
    ])
    read.mockRestore()
    tried.mockRestore()
  })

  it('given a choice that cannot be kept, it is not read for every question', async () => {
    const kept = vi.spyOn(query.vectors, 'choice').mockReturnValue(undefined)
    const read = vi.spyOn(query.vectors, 'wantChoice')
    for (const times of [0, 1, 1, 2, 2, 3]) {
      await search(user, 'note')
      await query.vectors.settled()
      expect(read).toHaveBeenCalledTimes(times)
    }
    kept.mockRestore()
    read.mockRestore()
  })

  it('given a position that moved, what passes now is found, and what does not any more is not', async () => {
    question = points[700] as Float32Array
    await sql(`update read_v1.user_positions set seen = seen + 1;
      ${typed(entities.slice(0, 5), 'note')}; ${typed([entities[700] as string], 'idea')}`)
    expect(await search()).toEqual(nearest([...first(few).slice(5), 700]))
    expect(looked.mock.calls).toHaveLength(1)
  })

  it('given a parked event that was applied, which moves no position, what passes since is found', async () => {
    await sql(`insert into read_v1.parked (user_id, sequence, reason, slot, state)
      values ('${user}', 500, 'refused_by_store', true, 'open'), ('${user}', 501, 'refused_by_store', true, 'open')`)
    await search()
    question = points[701] as Float32Array
    await sql(
      `update read_v1.parked set state = 'applied' where sequence = 500; ${typed([entities[701] as string], 'idea')}`,
    )
    expect((await search())[0]).toBe(entities[701])
    expect(looked.mock.calls).toHaveLength(2)
  })

  it('given vectors that came since, by themselves or read into memory, they are found at the same position', async () => {
    question = draw()
    const [alone = ''] = await seedPoints(query.pool, user, 'points', [question])
    await store([alone])
    await sql(`${typed([alone], 'idea')}; update read_v1.user_positions set seen = seen + 1`)
    await search()
    const later = Array.from({ length: 40 }, draw)
    question = later[39] as Float32Array
    const ids = later.map(() => uuidv7())
    // Items are there before their vectors.
    await store(ids)
    await sql(`${typed(ids, 'idea')}; update read_v1.user_positions set seen = seen + 1`)
    await search()
    const [vectors, told] = [
      await seedPoints(query.pool, user, 'points', later),
      vi.spyOn(query.vectors, 'told'),
    ]
    for (const [at, id] of vectors.entries())
      await sql(`update read_v1.entity_vectors set entity_id = '${ids[at]}' where entity_id = '${id}'`)
    expect((await search())[0]).toBe(ids[39])
    expect(told.mock.calls.at(-1)?.[1].added).toBeGreaterThanOrEqual(40)
    await query.vectors.settled()
    expect((await search())[0]).toBe(ids[39])
    expect(told.mock.calls.at(-1)?.[1].added).toBe(0)
    told.mockRestore()
    await sql(`delete from read_v1.entities where entity_id = any ('{${[alone, ...ids].join()}}')`)
  })

  it('given another user with the same filter, nothing of the one is the other’s', async () => {
    const other = uuidv7() as UserId
    const own = await seedPoints(query.pool, other, 'points', points.slice(0, 120))
    await store(own)
    await sql(`update read_v1.entities set user_id = '${other}', type = 'idea' where entity_id = any ('{${own.join()}}');
      insert into read_v1.user_models values ('${other}', 'points', 120);
      insert into read_v1.user_positions select '${other}', seen from read_v1.user_positions where user_id = '${user}'`)
    question = draw()
    for (let run = 0; run < 3; run += 1) {
      for (const id of await search(other)) expect(own).toContain(id)
      await query.vectors.settled()
    }
    expect(await search()).toEqual(nearest(first(few)))
  })
})
