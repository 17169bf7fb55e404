import type { Writable } from 'node:stream'
import { createOfflineProvider, type ModelProvider } from '@synap/ai'
import { type UserId, uuidv7 } from '@synap/core'
import type { Client } from '@synap/postgres'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createPoints, nearestPoints, seedPoints } from '../test/clustered-vectors.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

const draw = createPoints(20)
let question = draw()
/** Happens while a question is embedded: after its user was looked up, before anything is looked for. */
let meanwhile: () => Promise<unknown> = () => Promise.resolve()
const model: ModelProvider = {
  ...createOfflineProvider(),
  embeddingModel: 'points',
  async embed() {
    await meanwhile()
    return { vectors: [question], usage: { inputTokens: 0, outputTokens: 0 } }
  },
}
const count = 600

interface Hit {
  id: string
  score: number
  matched: string[]
}

interface Owner {
  id: UserId
  points: Float32Array[]
  entities: string[]
}

describe('words and meaning together, from what memory presumes', () => {
  let query: TestQuery
  let none: TestQuery
  beforeAll(async () => {
    query = await startQuery([model])
    none = await startQuery([model], undefined, { vectorCacheBytes: 0 }, query.database)
    // Nothing here reads it, and each new vector costs it time.
    await query.database.superuserSql('drop index read_v1.entity_vectors_hnsw')
  })
  afterAll(async () => {
    await none.close()
    await query.close()
  })

  const sql = (text: string) => query.database.superuserSql(text)
  const listOf = (ids: readonly string[]) => `'{${ids.join()}}'::uuid[]`
  /** Items with a vector, of whose words the first is in every second, the next in every 15th, the last in all but a few. */
  const addTo = async (owner: Owner, points: readonly Float32Array[], words = '') => {
    const ids = await seedPoints(query.pool, owner.id, 'points', points)
    owner.points.push(...points)
    owner.entities.push(...ids)
    await sql(`
      create temporary table added as
        select id, n from unnest(${listOf(ids)}) with ordinality as t (id, n);
      insert into read_v1.entities (entity_id, user_id, type, subject_sha256, attachments, metadata, provenance,
        suggestions, rejected, version, sequence, created_at, updated_at)
      select id, '${owner.id}', 'note', 'h', '[]', '{}', '{}', '[]', '[]', 1, 1, now(), now() from added;
      insert into read_v1.entity_lexemes (entity_id, user_id, config, lexemes)
      select id, '${owner.id}', 'english', read_v1.to_lexemes('english', concat_ws(' ', '${words}',
        case when n % 2 = 0 then 'river' end, case when n % 15 = 0 then 'mountain' end,
        case when n % 50 > 0 then 'everywhere' end), 'C') from added;
      drop table added;
      insert into read_v1.user_models values ('${owner.id}', 'points', ${owner.points.length})
      on conflict (user_id, model) do update set vectors = excluded.vectors`)
    return ids
  }
  const createOwner = async (vectors = count) => {
    const owner: Owner = { id: uuidv7() as UserId, points: [], entities: [] }
    await addTo(owner, Array.from({ length: vectors }, draw))
    await search(owner, 'river')
    await query.vectors.settled()
    return owner
  }
  const search = async ({ id }: Pick<Owner, 'id'>, q: string, { on = query, limit = 10 } = {}) => {
    const outcomes = vi.spyOn(on.vectors, 'count')
    // 503: this process had too much to do, as when other tests run beside it.
    const answer = await eventually('an answer', async () => {
      const given = await on.get(`/v1/search?q=${q}&limit=${limit}`, id)
      return given.status === 503 ? undefined : given
    })
    expect(answer, answer.text).toMatchObject({ status: 200, json: { mode: 'hybrid' } })
    const outcome = outcomes.mock.calls.at(-1)?.[0]
    outcomes.mockRestore()
    const hits: Hit[] = answer.json.items.map((item: Omit<Hit, 'id'> & { entity: { id: string } }) => ({
      id: item.entity.id,
      score: item.score,
      matched: item.matched,
    }))
    return { outcome, hits }
  }
  const nearest = (owner: Owner, wanted: number) =>
    nearestPoints(owner.points, question, wanted).map((place) => owner.entities[place] as string)

  /** So much a place or two make, which memory may be wrong by. */
  const nearly = 0.0008
  /** The same hits with the same scores, but for two that are as good. */
  const expectSame = (given: readonly Hit[], right: readonly Hit[]) => {
    expect(given).toHaveLength(right.length)
    const last = right.at(-1)?.score ?? 0
    const scores = new Map(given.map(({ id, score }) => [id, score]))
    for (const [at, { id, score }] of right.entries()) {
      expect(Math.abs((given[at]?.score ?? 0) - score)).toBeLessThan(nearly)
      if (score > last + nearly) expect(Math.abs((scores.get(id) ?? 0) - score)).toBeLessThan(nearly)
    }
  }

  it.each(['river', 'mountain', 'river mountain', 'everywhere', 'nowhere', 'revir'])(
    'given %s is asked for, it finds what comparing everything finds, few or many',
    async (words) => {
      const owner = await createOwner()
      for (const limit of [1, 10, 45, 100]) {
        question = draw()
        const { outcome, hits } = await search(owner, words, { limit })
        expect(outcome).toBe('cached')
        expectSame(hits, (await search(owner, words, { on: none, limit })).hits)
      }
    },
  )

  /** The statements of a search by name, and of each whether words had been answered when it was asked. */
  const statementsOf = async (owner: Owner, q: string) => {
    const statements: { name: string; values: unknown[]; isAfterWords: boolean }[] = []
    const corked: number[] = []
    let stream: Writable | undefined
    let isAfterWords = false
    const listened = new Set<Client>()
    const onAcquire = (client: Client) => {
      stream = (client as unknown as { connection: { stream: Writable } }).connection.stream
      if (listened.has(client)) return
      listened.add(client)
      const ask = client.query.bind(client) as (statement: unknown) => Promise<unknown>
      vi.spyOn(client, 'query').mockImplementation(((statement: { name?: string; values?: unknown[] }) => {
        // It has another name when transactions were running as the vectors were read.
        const name = (statement.name ?? '').replace('read_v1.', '').replace('_running', '')
        statements.push({ name, values: statement.values ?? [], isAfterWords })
        const answer = ask(statement)
        return name === 'find_unchecked_matches' ? answer.finally(() => (isAfterWords = true)) : answer
      }) as never)
    }
    const find = query.vectors.find.bind(query.vectors)
    vi.spyOn(query.vectors, 'find').mockImplementation((of, candidates) => {
      corked.push(stream?.writableCorked ?? -1)
      return find(of, candidates)
    })
    query.pool.on('acquire', onAcquire)
    const { outcome } = await search(owner, q)
    query.pool.off('acquire', onAcquire)
    vi.restoreAllMocks()
    return { statements, corked, outcome }
  }

  it('given many that words find and memory has, the database looks for words while memory is searched and confirmed, and nothing is looked up', async () => {
    const owner = await createOwner()
    const { statements, corked, outcome } = await statementsOf(owner, 'everywhere')
    expect([corked, outcome]).toEqual([[0], 'cached'])
    expect(statements.filter(({ name }) => name === 'confirm_candidates')).toMatchObject([
      { isAfterWords: false },
    ])
    expect(statements.map(({ name }) => name)).not.toContain('find_known')
  })

  it('given memory has other vectors than the read model, few are looked up', async () => {
    const owner = await createOwner()
    await addTo(owner, [draw()])
    const { statements, outcome } = await statementsOf(owner, 'everywhere')
    expect(outcome).toBe('cached')
    expect(statements.map(({ name }) => name)).not.toContain('confirm_candidates')
    const lookUps = statements.filter(({ name }) => name === 'find_known')
    expect(lookUps.map(({ values }) => values[3])).toEqual([14])
  })

  it('given the nearest is deleted, the others that were confirmed are enough, and nothing is asked again', async () => {
    const owner = await createOwner()
    await sql(`update read_v1.entities set deleted_at = now()
      where entity_id = any (${listOf(nearest(owner, 1))})`)
    const { statements, outcome } = await statementsOf(owner, 'nowhere')
    expect(outcome).toBe('cached')
    const names = statements.map(({ name }) => name)
    expect(names).toContain('confirm_candidates')
    expect(names).not.toContain('find_known')
    expect(names).not.toContain('find_matches')
  })

  it('given the best of both are deleted, they are not shown, and as many others are', async () => {
    const owner = await createOwner()
    const before = (await search(owner, 'mountain')).hits
    for (const gone of [before.slice(0, 1), before]) {
      await sql(`update read_v1.entities set deleted_at = now()
        where entity_id = any (${listOf(gone.map(({ id }) => id))})`)
      const { hits } = await search(owner, 'mountain')
      expect(hits).toHaveLength(10)
      expect(hits.filter(({ id }) => gone.some((one) => one.id === id))).toEqual([])
      expectSame(hits, (await search(owner, 'mountain', { on: none })).hits)
    }
  })

  it('given so many are gone that memory has too few, none of those that are left is missed', async () => {
    const owner = await createOwner()
    await sql(`update read_v1.entities set deleted_at = now()
      where entity_id = any (${listOf(nearest(owner, 300))})`)
    const { outcome, hits } = await search(owner, 'nowhere')
    expect(outcome).not.toBe('cached')
    expectSame(hits, (await search(owner, 'nowhere', { on: none })).hits)
  })

  it('given a vector of old content, it is no reason to be near', async () => {
    const owner = await createOwner()
    const old = nearest(owner, 4)
    await sql(`update read_v1.entities set subject_sha256 = 'other' where entity_id = any (${listOf(old)})`)
    await sql(`update read_v1.entity_lexemes set lexemes = read_v1.to_lexemes('english', 'lonely', 'C')
      where entity_id = any (${listOf(old)})`)
    const { hits } = await search(owner, 'lonely')
    expectSame(hits, (await search(owner, 'lonely', { on: none })).hits)
    const matched = hits.filter(({ id }) => old.includes(id)).map((hit) => hit.matched)
    expect(matched).toEqual([['text'], ['text'], ['text'], ['text']])
  })

  const takeVectors = (ids: readonly string[]) =>
    sql(`delete from read_v1.entity_vectors where entity_id = any (${listOf(ids)})`)

  it('given a vector that goes while the question is embedded, its item is not near', async () => {
    const owner = await createOwner()
    const gone = nearest(owner, 1)
    meanwhile = async () => {
      meanwhile = () => Promise.resolve()
      await takeVectors(gone)
      await sql(`update read_v1.user_models set vectors = vectors - 1 where user_id = '${owner.id}'`)
    }
    const { hits } = await search(owner, 'nowhere')
    expect(hits.map(({ id }) => id)).not.toContain(gone[0])
    expectSame(hits, (await search(owner, 'nowhere', { on: none })).hits)
  })

  it('given as many came as are gone, what is gone is not near and what came is', async () => {
    const owner = await createOwner()
    const [gone = '', moved = ''] = nearest(owner, 2)
    await takeVectors([gone, moved])
    for (const [id, point] of [
      [moved, question],
      [owner.entities[5], draw()],
    ] as const) {
      const [other] = await seedPoints(query.pool, owner.id, 'points', [point])
      await sql(
        `update read_v1.entity_vectors set entity_id = '${id}', chunk = 3 where entity_id = '${other}'`,
      )
    }
    const { hits } = await search(owner, 'nowhere')
    expect(hits.map(({ id }) => id)).not.toContain(gone)
    expect(hits[0]?.id).toBe(moved)
    expectSame(hits, (await search(owner, 'nowhere', { on: none })).hits)
  })

  it('given a transaction that was under way while memory was read, what it brought is compared besides', async () => {
    const owner = await createOwner()
    const [line = ''] = await sql(
      `select added_in from read_v1.entity_vectors where entity_id = '${owner.entities[0]}'`,
    )
    const find = query.vectors.find.bind(query.vectors)
    const told = vi.spyOn(query.vectors, 'told')
    const early = vi.spyOn(query.vectors, 'find').mockImplementation((of, asked) => {
      const found = find(of, asked)
      return found && { ...found, since: { ...found.since, running: [line] } }
    })
    const { outcome } = await search(owner, 'river')
    expect(outcome).toBe('cached')
    expect(told.mock.calls.at(-1)?.[1].added).toBeGreaterThan(0)
    early.mockImplementation((of, asked) => {
      const found = find(of, asked)
      return found && { ...found, isLevel: true, since: { ...found.since, running: ['3'] } }
    })
    await search(owner, 'river')
    expect(told.mock.calls.at(-1)?.[1].added).toBe(0)
    vi.restoreAllMocks()
  })

  it('given the best by words alone are deleted, they are not shown, however many', async () => {
    const owner = await createOwner()
    const far = question.map((value) => -value)
    const only = await addTo(
      owner,
      Array.from({ length: 20 }, () => far),
      'lonely',
    )
    await search(owner, 'lonely')
    await query.vectors.settled()
    await search(owner, 'lonely')
    for (const count of [1, 15]) {
      const before = (await search(owner, 'lonely', { limit: 20 })).hits
      const gone = before.filter(({ id }) => only.includes(id)).slice(0, count)
      await sql(`update read_v1.entities set deleted_at = now()
        where entity_id = any (${listOf(gone.map(({ id }) => id))})`)
      const { hits } = await search(owner, 'lonely')
      expect(hits.filter(({ id }) => gone.some((one) => one.id === id))).toEqual([])
      expectSame(hits, (await search(owner, 'lonely', { on: none })).hits)
    }
  })

  it('given what came since, it is found by words, by meaning and by both', async () => {
    const owner = await createOwner()
    question = draw()
    const far = question.map((value) => -value)
    const [near, both, words] = [
      await addTo(owner, [question]),
      await addTo(owner, [question], 'unheard'),
      await addTo(owner, [far], 'unheard'),
    ].flat()
    const told = vi.spyOn(query.vectors, 'told')
    const { outcome, hits } = await search(owner, 'unheard')
    expect(told.mock.calls.at(-1)?.[1]).toEqual({ vectors: count + 3, added: 3 })
    told.mockRestore()
    expect(outcome).toBe('cached')
    expect(hits.find(({ id }) => id === both)?.matched).toEqual(['text', 'semantic'])
    expect(hits.find(({ id }) => id === near)?.matched).toEqual(['semantic'])
    expect(hits.find(({ id }) => id === words)?.matched).toEqual(['text'])
    expectSame(hits, (await search(owner, 'unheard', { on: none })).hits)
  })

  it('given more than are compared besides came since, all are compared', async () => {
    const owner = await createOwner(1_100)
    question = draw()
    const find = query.vectors.find.bind(query.vectors)
    const old = vi.spyOn(query.vectors, 'find').mockImplementation((of, asked) => {
      const found = find(of, asked)
      return found && { ...found, since: { next: '1', running: [] } }
    })
    const { outcome, hits } = await search(owner, 'mountain')
    old.mockRestore()
    expect(outcome).toBe('behind')
    expectSame(hits, (await search(owner, 'mountain', { on: none })).hits)
  })

  it('given the nearest by far is gone, what was not like enough beside it is', async () => {
    const owner = await createOwner()
    question = draw()
    const [only = ''] = await addTo(owner, [question])
    const few = Array.from({ length: 40 }, draw)
    await addTo(owner, few)
    await search(owner, 'nowhere')
    await query.vectors.settled()
    await sql(`update read_v1.entities set deleted_at = now() where entity_id = '${only}'`)
    const limit = 100
    const { hits } = await search(owner, 'nowhere', { limit })
    expect(hits.map(({ id }) => id)).not.toContain(only)
    expectSame(hits, (await search(owner, 'nowhere', { on: none, limit })).hits)
  })

  it('given memory that took another user’s vectors for these, nothing of theirs is shown', async () => {
    const [anna, bert] = [await createOwner(), await createOwner()]
    question = draw()
    const find = query.vectors.find.bind(query.vectors)
    const mistaken = vi
      .spyOn(query.vectors, 'find')
      .mockImplementation((of, asked) => find({ ...of, userId: bert.id }, asked))
    const { hits } = await search(anna, 'river')
    mistaken.mockRestore()
    expect(hits).toHaveLength(10)
    for (const { id } of hits) expect(anna.entities).toContain(id)
  })
})
