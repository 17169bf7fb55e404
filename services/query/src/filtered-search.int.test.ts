import { createOfflineProvider, type ModelProvider } from '@synap/ai'
import { type UserId, uuidv7 } from '@synap/core'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
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

/** Entities of every kind, by their number: types, tasks, tags that some have both of, and days. */
const particulars = (user: string) => `
  create temporary table numbered as
    select entity_id, row_number() over (order by entity_id)::int as n from read_v1.entity_vectors
    where user_id = '${user}';
  insert into read_v1.entities (entity_id, user_id, type, subject_sha256, attachments, metadata, provenance, suggestions,
    rejected, version, sequence, created_at, updated_at)
  select entity_id, '${user}', (array['note', 'task', 'idea'])[1 + n % 3], 'h', '[]', '{}', '{}', '[]', '[]', 1, 1,
    timestamptz '2026-01-01T00:00:00Z' + make_interval(hours => n), timestamptz '2026-06-01T00:00:00Z' - make_interval(hours => n)
  from numbered;
  insert into read_v1.task_details (entity_id, user_id, status, priority, due, due_day)
  select entity_id, '${user}', (array['todo', 'done'])[1 + n % 2], 0, day::text, day
  from numbered cross join lateral (select case when n % 5 > 0 then date '2026-03-01' + n % 50 end as day) as due
  where n % 3 = 1;
  insert into read_v1.tags (tag_id, user_id, name, name_sequence)
  select gen_random_uuid(), '${user}', name, 1 from unnest(array['Rot', 'blau', 'einzig', 'none']) as name;
  insert into read_v1.entity_tags (entity_id, tag_id, user_id, provenance)
  select entity_id, tag_id, '${user}', '{"by": "user", "eventId": "${uuidv7()}"}' from numbered join read_v1.tags on user_id = '${user}' and (
    name = 'Rot' and n % 4 = 0 or name = 'blau' and n % 6 = 0 or name = 'einzig' and n % 300 = 7);
  insert into read_v1.user_models values ('${user}', 'points', ${count});`

describe('search by meaning with filters', () => {
  let query: TestQuery
  let none: TestQuery
  const user = uuidv7() as UserId
  const points = Array.from({ length: count }, draw)
  let entities: string[] = []
  beforeAll(async () => {
    query = await startQuery([model])
    none = await startQuery([model], undefined, { vectorCacheBytes: 0 }, query.database)
    // Nothing here reads it, and each new vector costs it time.
    await query.database.superuserSql('drop index read_v1.entity_vectors_hnsw')
    entities = await seedPoints(query.pool, user, 'points', points)
    await query.database.superuserSql(particulars(user))
    await search(query)
    await query.vectors.settled()
  })
  afterAll(async () => {
    await none.close()
    await query.close()
  })

  const search = async (on: TestQuery, more = '', mode = 'semantic') => {
    // 503: this process had too much to do, as when other tests run beside it.
    const answer = await eventually('an answer', async () => {
      const given = await on.get(`/v1/search?q=anything&mode=${mode}&limit=10${more}`, user)
      return given.status === 503 ? undefined : given
    })
    expect(answer, answer.text).toMatchObject({ status: 200 })
    return answer.json.items.map((item: { entity: { id: string } }) => item.entity.id) as string[]
  }

  it.each([
    'type=task',
    'type=note&type=idea',
    'tag=rot',
    'tag=ROT&tag=blau',
    'tag=einzig',
    'tag=none',
    'tag=unknown',
    'any_tag=rot&any_tag=einzig',
    'any_tag=einzig&any_tag=none',
    'tag=blau&any_tag=rot&any_tag=none',
    'status=todo',
    'status=todo&status=done',
    'due_before=2026-03-09',
    'due_after=2026-04-10',
    'due_after=2026-03-10&due_before=2026-03-13&status=done',
    'created_before=2026-01-02T12:00:00Z',
    'created_after=2026-02-01T00:00:00Z',
    'updated_after=2026-05-31T03:00:00Z',
    'updated_before=2026-05-01T00:00:00Z&type=idea&tag=rot',
    'type=task&tag=blau&status=done&created_after=2026-01-10T00:00:00Z',
  ])(
    'given %s, candidates from memory give what comparing everything that passes gives, at every try',
    async (filter) => {
      const counted = vi.spyOn(query.vectors, 'count')
      for (let run = 0; run < 3; run += 1) {
        question = draw()
        expect(await search(query, `&${filter}`)).toEqual(await search(none, `&${filter}`))
      }
      expect(counted.mock.calls.flat()).toEqual(['cached', 'cached', 'cached'])
      counted.mockRestore()
    },
  )

  it('given a filter that let few pass and now lets many, and one the other way round, all are found', async () => {
    const typed = (type: string, below: number) =>
      query.database.superuserSql(
        `update read_v1.entities set type = '${type}' where entity_id in (
           select entity_id from read_v1.entities where user_id = '${user}' order by entity_id limit ${below})`,
      )
    for (const below of [4, 700, 12]) {
      await typed('page', count)
      await typed('event', below)
      for (let run = 0; run < 2; run += 1) {
        question = draw()
        const right = nearestPoints(points.slice(0, below), question, 10).map((place) => entities[place])
        expect(await search(query, '&type=event')).toEqual(right)
      }
    }
  })

  it('given what came since, the filter holds for it too', async () => {
    question = draw()
    const [other = '', same = ''] = await seedPoints(query.pool, user, 'points', [question, question])
    await query.database.superuserSql(
      `insert into read_v1.entities (entity_id, user_id, type, subject_sha256, attachments, metadata, provenance,
         suggestions, rejected, version, sequence, created_at, updated_at)
       select id::uuid, '${user}', type, 'h', '[]', '{}', '{}', '[]', '[]', 1, 1, now(), now()
       from (values ('${other}', 'project'), ('${same}', 'idea')) as v (id, type)`,
    )
    expect((await search(query, '&type=idea'))[0]).toBe(same)
    expect(await search(query, '&type=idea')).not.toContain(other)
    expect(await search(query, '&type=project')).toEqual([other])
  })

  it('given hybrid search with a filter, it is the same as without memory', async () => {
    question = draw()
    for (const filter of ['&tag=rot', '&tag=einzig', '&created_after=2026-01-20T00:00:00Z']) {
      expect(await search(query, filter, 'hybrid')).toEqual(await search(none, filter, 'hybrid'))
    }
  })
})
