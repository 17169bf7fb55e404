import { createOfflineProvider, type ModelProvider } from '@synap/ai'
import { SynapError, type UserId, uuidv7 } from '@synap/core'
import { execute, transaction } from '@synap/postgres'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { seedEntity, textKeyOf } from '../test/seed.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

const offline = createOfflineProvider()
const signal = new AbortController().signal

/** A model that knows synonyms: what each word means is a direction. */
const meanings: Record<string, number> = {
  milk: 0,
  dairy: 0,
  cow: 0,
  car: 1,
  vehicle: 1,
  garden: 2,
  flowers: 2,
}
const vectorOf = (text: string): Float32Array => {
  const values = new Float32Array(1536)
  for (const word of text.toLowerCase().match(/\w+/g) ?? ['other']) values[meanings[word] ?? 900] = 1
  const length = Math.hypot(...values)
  return values.map((value) => value / length)
}
let modelAway = false
/** What happens while the model is asked, once. */
let meanwhile: (() => Promise<unknown>) | undefined
const model: ModelProvider = {
  ...offline,
  embeddingModel: 'test-model',
  embed: async (texts) => {
    const [work] = [meanwhile]
    meanwhile = undefined
    await work?.()
    return modelAway
      ? Promise.reject(new SynapError('away', { code: 'model.unavailable', class: 'dependency' }))
      : Promise.resolve({ vectors: texts.map(vectorOf), usage: { inputTokens: 0, outputTokens: 0 } })
  },
}
/** Another model, to which every word but these says the same. */
const newModel: ModelProvider = {
  ...model,
  embeddingModel: 'new-model',
  embed: (texts) =>
    Promise.resolve({ vectors: texts.map(vectorOf), usage: { inputTokens: 0, outputTokens: 0 } }),
}

describe('search', () => {
  let query: TestQuery
  beforeAll(async () => {
    query = await startQuery([model, newModel, offline])
  })
  afterAll(() => query.close())

  const seed = async (userId: UserId, text: string, more: object = {}) => {
    const id = await seedEntity(query.pool, { userId, sequence: 1, text, vectors: [vectorOf(text)], ...more })
    await query.store.put(textKeyOf({ userId, id }), Buffer.from(text), { contentType: 'text/plain' })
    return id
  }
  const choose = (userId: UserId, of: string) =>
    query.database.superuserSql(
      `insert into read_v1.chosen_models (user_id, model) values ('${userId}', '${of}')
       on conflict (user_id) do update set model = excluded.model`,
    )
  const search = (userId: UserId, q: string, more = '') =>
    query.get(`/v1/search?q=${encodeURIComponent(q)}${more}`, userId)
  /** Very many that have only words, and ids that make them the newest. */
  const seedNewer = (userId: UserId, count: number, words: string) =>
    query.database.superuserSql(
      `with added as (
         insert into read_v1.entities (entity_id, user_id, type, attachments, metadata, provenance, suggestions, rejected,
           version, sequence, created_at, updated_at)
         select ('ffffffff-0000-7000-8000-' || left(md5('${userId}' || n::text), 12))::uuid, '${userId}', 'note', '[]', '{}',
           '{}', '[]', '[]', 1, 1, now(), now() from generate_series(1, ${count}) as n
         returning entity_id
       )
       insert into read_v1.entity_lexemes (entity_id, user_id, config, lexemes)
       select entity_id, '${userId}', 'english', read_v1.to_lexemes('english', '${words}', 'C') from added`,
    )
  const idsOf = (answer: { json: { items: { entity: { id: string } }[] } }) =>
    answer.json.items.map((item) => item.entity.id)

  it('given a word, the note that has it comes first, with the word marked', async () => {
    const anna = uuidv7() as UserId
    const milk = await seed(anna, 'Remember to buy some milk tomorrow morning')
    await seed(anna, 'The car needs new tyres')
    const answer = await search(anna, 'milk')
    expect(answer.status).toBe(200)
    expect(answer.json).toMatchObject({ mode: 'hybrid', note: null, model: 'test-model' })
    expect(idsOf(answer)[0]).toBe(milk)
    const [hit] = answer.json.items
    expect(hit.matched).toEqual(['text', 'semantic'])
    const [{ text, marks }] = hit.highlights
    expect(text).toBe('Remember to buy some milk tomorrow morning')
    expect(marks.map(([start, end]: [number, number]) => text.slice(start, end))).toEqual(['milk'])
  })

  it('given other forms, beginnings, titles and tags, words find them', async () => {
    const anna = uuidv7() as UserId
    const running = await seed(anna, 'She was running through the parks')
    const titled = await seedEntity(query.pool, {
      userId: anna,
      sequence: 2,
      title: 'Quarterly invoice',
      tags: ['bookkeeping'],
    })
    for (const [q, id] of [
      ['run', running],
      ['park', running],
      ['throu', running],
      ['"running through"', running],
      ['invoices', titled],
      ['bookkeep', titled],
    ] as const) {
      expect(idsOf(await search(anna, q, '&mode=text'))).toEqual([id])
    }
    expect(idsOf(await search(anna, 'run -parks', '&mode=text'))).toEqual([])
    expect(idsOf(await search(anna, '"through running"', '&mode=text'))).toEqual([])
  })

  it.each([
    ['a letter is missing', 'denist'],
    ['a letter is too many', 'denntist'],
    ['a letter is wrong', 'dantist'],
    ['two are swapped', 'dentits'],
  ])(
    'given a word of a title in which %s, the item is found, and the word that was meant is told',
    async (_, q) => {
      const anna = uuidv7() as UserId
      const id = await seedEntity(query.pool, { userId: anna, sequence: 1, title: 'Dentist appointment' })
      await seedEntity(query.pool, { userId: anna, sequence: 1, title: 'Quarterly invoice' })
      const answer = await search(anna, `${q} appointment`, '&mode=text')
      expect(idsOf(answer)).toEqual([id])
      expect(answer.json.corrections).toEqual(['dentist'])
      expect(answer.json.items[0].highlights[0].marks).toHaveLength(2)
      expect(idsOf(await search(anna, `"${q}"`, '&mode=text'))).toEqual([])
    },
  )

  it('given a mistyped tag, and very many items with another word that is as near, both are found', async () => {
    const anna = uuidv7() as UserId
    const tagged = await seedEntity(query.pool, { userId: anna, sequence: 1, title: 'one', tags: ['garden'] })
    for (let number = 0; number < 20; number += 1) {
      await seedEntity(query.pool, { userId: anna, sequence: 1, title: `warden ${number}` })
    }
    const answer = await search(anna, 'xarden', '&mode=text&limit=100')
    expect(new Set(answer.json.corrections)).toEqual(new Set(['garden', 'warden']))
    expect(idsOf(answer)).toHaveLength(21)
    expect(idsOf(answer)).toContain(tagged)
  })

  it('given a word that is known, nothing near it is looked for', async () => {
    const anna = uuidv7() as UserId
    const milk = await seedEntity(query.pool, { userId: anna, sequence: 1, title: 'milk' })
    await seedEntity(query.pool, { userId: anna, sequence: 1, title: 'silk' })
    const answer = await search(anna, 'milk', '&mode=text')
    expect(idsOf(answer)).toEqual([milk])
    expect(answer.json.corrections).toEqual([])
  })

  it('given another user’s titles, a mistyped word is not read as one of theirs', async () => {
    const [anna, bert] = [uuidv7() as UserId, uuidv7() as UserId]
    await seedEntity(query.pool, { userId: bert, sequence: 1, title: 'Dentist' })
    await seedEntity(query.pool, { userId: anna, sequence: 1, title: 'Invoice' })
    const answer = await search(anna, 'dentits', '&mode=text')
    expect(answer.json).toMatchObject({ items: [], corrections: [] })
  })

  it('given a question of which no item has all words, those with the rarest of them are found', async () => {
    const anna = uuidv7() as UserId
    const bread = await seed(anna, 'Sourdough rests overnight')
    for (let number = 0; number < 8; number += 1) await seed(anna, `Overnight train ${number}`)
    const asked = 'why does sourdough need flour overnight'
    expect(idsOf(await search(anna, asked, '&mode=text'))).toEqual([bread])
  })

  it('given a short note whose language was taken for another one, other forms of its words find it', async () => {
    const anna = uuidv7() as UserId
    const text = 'Calling the banks'
    const id = await seedEntity(query.pool, { userId: anna, sequence: 1, text, language: 'da' })
    await query.database.superuserSql(
      `update read_v1.entity_texts set lexemes = read_v1.to_lexemes('danish', '${text}', 'C') where entity_id = '${id}';
       delete from read_v1.entity_lexemes where entity_id = '${id}';
       insert into read_v1.entity_lexemes select * from read_v1.make_documents(array['${id}'::uuid]);`,
    )
    expect(idsOf(await search(anna, 'call a bank', '&mode=text'))).toEqual([id])
    expect(idsOf(await search(anna, 'called bank', '&mode=text'))).toEqual([id])
  })

  it('given more matches than are ranked, those with the word in the title come first, however old', async () => {
    const anna = uuidv7() as UserId
    const titled = await seedEntity(query.pool, {
      userId: anna,
      sequence: 1,
      title: 'Kafka',
      text: 'what it is',
    })
    await seedNewer(anna, 700, 'kafka kafka kafka')
    const answer = await search(anna, 'kafka', '&mode=text&limit=100')
    expect(idsOf(answer)).toHaveLength(100)
    expect(idsOf(answer)[0]).toBe(titled)
  })

  it('given filters, every mode keeps to them, however selective, and loses nothing', async () => {
    const anna = uuidv7() as UserId
    const wanted = await seed(anna, 'milk of old', {
      tags: ['rare', 'dairy'],
      createdAt: '2020-01-01T00:00:00Z',
    })
    const task = await seed(anna, 'milk task', {
      type: 'task',
      task: { status: 'done', due: '2026-12-01' },
      tags: ['white'],
    })
    for (let number = 0; number < 20; number += 1) await seed(anna, `milk milk ${number}`)
    await seedNewer(anna, 400, 'milk milk milk')
    for (const mode of ['text', 'semantic', 'hybrid']) {
      const found = async (filter: string) =>
        idsOf(await search(anna, 'milk', `&mode=${mode}&limit=5&${filter}`))
      expect(await found('tag=rare')).toEqual([wanted])
      expect(await found('tag=rare&tag=dairy')).toEqual([wanted])
      expect(await found('tag=rare&tag=white')).toEqual([])
      expect(new Set(await found('any_tag=rare&any_tag=white'))).toEqual(new Set([wanted, task]))
      expect(await found('status=done')).toEqual([task])
      expect(await found('type=task&due_after=2026-11-30&due_before=2026-12-02')).toEqual([task])
      expect(await found('created_before=2021-01-01T00:00:00Z')).toEqual([wanted])
      expect(await found('updated_before=2021-01-01T00:00:00Z')).toEqual([wanted])
      expect(await found('type=task&type=idea&tag=white')).toEqual([task])
      expect(await found('tag=unheard')).toEqual([])
    }
  })

  it('given quotes or a minus, hybrid keeps to the letter and says so', async () => {
    const anna = uuidv7() as UserId
    const milk = await seed(anna, 'milk')
    await seed(anna, 'milk of the cow')
    const answer = await search(anna, 'milk -cow')
    expect(idsOf(answer)).toEqual([milk])
    expect(answer.json).toMatchObject({ mode: 'text', note: expect.stringContaining('Quotes and minus') })
    expect(idsOf(await search(anna, '"dairy"'))).toEqual([])
    expect((await search(anna, 'semi-skimmed milk')).json.mode).toBe('hybrid')
  })

  it('given a synonym, meaning finds what words do not, and shows the passage', async () => {
    const anna = uuidv7() as UserId
    const milk = await seed(anna, 'milk')
    await seed(anna, 'vehicle')
    expect(idsOf(await search(anna, 'dairy', '&mode=text'))).toEqual([])
    const answer = await search(anna, 'dairy', '&mode=semantic&limit=1')
    expect(answer.json.mode).toBe('semantic')
    expect(idsOf(answer)).toEqual([milk])
    expect(answer.json.items[0]).toMatchObject({
      matched: ['semantic'],
      highlights: [{ text: 'milk', marks: [] }],
    })
  })

  it('given matches by both, they come before matches by one; never fewer than asked when they exist', async () => {
    const anna = uuidv7() as UserId
    const both = await seed(anna, 'milk and dairy')
    for (let number = 0; number < 12; number += 1) await seed(anna, `cow number ${number}`)
    const answer = await search(anna, 'milk', '&limit=10')
    expect(idsOf(answer)).toHaveLength(10)
    expect(idsOf(answer)[0]).toBe(both)
    expect(idsOf(await search(anna, 'cow', '&limit=10&mode=text'))).toHaveLength(10)
  })

  it('given notes that have nothing in common with the question, hybrid leaves them out, semantic shows the nearest', async () => {
    const anna = uuidv7() as UserId
    const milk = await seed(anna, 'milk')
    const near = await seed(anna, 'dairy')
    for (const text of ['vehicle', 'garden', 'car']) await seed(anna, text)
    expect(idsOf(await search(anna, 'milk'))).toEqual([milk, near])
    expect(idsOf(await search(anna, 'milk', '&mode=semantic'))).toHaveLength(5)
  })

  it('given a model that made the vectors but is not here, or is away, words answer and the answer says so', async () => {
    const anna = uuidv7() as UserId
    const id = await seed(anna, 'milk', { model: 'a-model-of-elsewhere' })
    const elsewhere = await search(anna, 'milk')
    expect(elsewhere.json).toMatchObject({ mode: 'text', model: null })
    expect(elsewhere.json.note).toContain('a-model-of-elsewhere')
    expect(idsOf(elsewhere)).toEqual([id])
    expect(idsOf(await search(anna, 'dairy', '&mode=semantic'))).toEqual([])

    const bert = uuidv7() as UserId
    await seed(bert, 'milk')
    modelAway = true
    try {
      const away = await search(bert, 'milk')
      expect(away.json.mode).toBe('text')
      expect(away.json.note).toContain('did not answer')
    } finally {
      modelAway = false
    }
  })

  it('given vectors of two models, those of the other one are not compared', async () => {
    const anna = uuidv7() as UserId
    const [one, two] = [await seed(anna, 'milk'), await seed(anna, 'cow')]
    await seed(anna, 'dairy', { model: 'another' })
    expect(new Set(idsOf(await search(anna, 'dairy', '&mode=semantic')))).toEqual(new Set([one, two]))
  })

  it('given a choice of a model, it alone is compared, though another has more vectors; one without vectors finds nothing by meaning', async () => {
    const anna = uuidv7() as UserId
    const one = await seed(anna, 'milk')
    for (const text of ['dairy', 'cow']) await seed(anna, text, { model: 'new-model' })
    await choose(anna, 'test-model')
    const answer = await search(anna, 'dairy', '&mode=semantic')
    expect([answer.json.model, idsOf(answer)]).toEqual(['test-model', [one]])
    await choose(anna, 'one-without-vectors')
    expect((await search(anna, 'dairy')).json).toMatchObject({ mode: 'text', model: null })
  })

  it('given a switch while the question is embedded, then it is embedded again by the new model, and nothing is missed', async () => {
    const anna = uuidv7() as UserId
    const ids = [await seed(anna, 'milk'), await seed(anna, 'cow')]
    for (const entityId of ids) {
      await query.database.superuserSql(
        `insert into read_v1.entity_vectors (entity_id, content_sha256, producer, block, chunk, user_id, model, char_start,
           char_end, embedding)
         select entity_id, content_sha256, 'new', block, chunk, user_id, 'new-model', char_start, char_end, embedding
         from read_v1.entity_vectors where entity_id = '${entityId}'`,
      )
    }
    await query.database.superuserSql(
      `insert into read_v1.user_models (user_id, model, vectors) values ('${anna}', 'new-model', 2)`,
    )
    await choose(anna, 'test-model')
    meanwhile = async () => {
      await choose(anna, 'new-model')
      await query.database.superuserSql(
        `delete from read_v1.entity_vectors where user_id = '${anna}' and model = 'test-model';
         delete from read_v1.user_models where user_id = '${anna}' and model = 'test-model'`,
      )
    }
    const answer = await search(anna, 'dairy', '&mode=semantic')
    expect(answer.json).toMatchObject({ mode: 'semantic', model: 'new-model' })
    expect(new Set(idsOf(answer))).toEqual(new Set(ids))
  })

  it('given vectors made offline, questions are embedded offline', async () => {
    const anna = uuidv7() as UserId
    const text = 'Buy milk tomorrow'
    const { vectors } = await offline.embed([text], signal)
    const id = await seed(anna, text, { vectors, model: offline.embeddingModel })
    const answer = await search(anna, 'milk', '&mode=semantic')
    expect(answer.json.model).toBe(offline.embeddingModel)
    expect(idsOf(answer)).toEqual([id])
  })

  it('given deleted entities and old content, they are not found', async () => {
    const anna = uuidv7() as UserId
    await seed(anna, 'milk', { deleted: true })
    const changed = await seed(anna, 'dairy cow')
    await transaction(query.pool, { role: 'synap_projector' }, (client) =>
      execute(client, {
        text: `update read_v1.entities set subject_sha256 = repeat('0', 64), content_sha256 = repeat('0', 64)
          where entity_id = $1`,
        values: [changed],
      }),
    )
    expect(idsOf(await search(anna, 'milk'))).toEqual([])
    expect(idsOf(await search(anna, 'milk', '&mode=semantic'))).toEqual([])
  })

  it('given a type, only entities of it are found', async () => {
    const anna = uuidv7() as UserId
    const task = await seed(anna, 'buy milk', { type: 'task', task: {} })
    await seed(anna, 'milk is white')
    expect(idsOf(await search(anna, 'milk', '&type=task'))).toEqual([task])
  })

  it('given the syntax of tsquery, LIKE or SQL in a question, it is only words', async () => {
    const anna = uuidv7() as UserId
    const id = await seed(anna, 'milk')
    for (const q of [
      "'; drop table x; --",
      'milk & | ! :* <->',
      '%_%',
      '(((',
      '\\',
      '"',
      '-',
      '&',
      ':*',
      '🥛',
    ]) {
      expect((await search(anna, q)).status).toBe(200)
    }
    expect(idsOf(await search(anna, 'milk & | !(', '&mode=text'))).toEqual([id])
  })

  it.each([
    ['a quoted phrase', '"quoted phrase here"', ['quoted', 'phrase', 'here']],
    ['a quoted phrase and what is not wanted', '"phrase here" -milk', ['phrase', 'here']],
    ['words that say nothing', 'she was', ['She', 'was']],
    ['stems', 'quotes', ['quoted']],
  ])('given %s, what was found is marked', async (_, q, words) => {
    const anna = uuidv7() as UserId
    await seed(anna, 'She said there was a quoted phrase here')
    const answer = await search(anna, q, '&mode=text')
    const [{ text, marks }] = answer.json.items[0].highlights
    expect(marks.map(([start, end]: [number, number]) => text.slice(start, end))).toEqual(words)
  })

  it.each(['text', 'hybrid'])('given words deep in a long text, mode %s shows them there', async (mode) => {
    const anna = uuidv7() as UserId
    const filler = 'Wörter über Wörter, more or less. '.repeat(1_500)
    await seed(anna, `${filler}🌸🌸 The café’s pianist played Liszt. ${filler}`, { vectors: [] })
    for (const [q, words] of [
      ['pianists of the café playing', ['café', 'pianist', 'played']],
      ['"played liszt"', ['played', 'Liszt']],
    ] as const) {
      const answer = await search(anna, q, `&mode=${mode}`)
      const [{ text, marks }] = answer.json.items[0].highlights
      expect(marks.map(([start, end]: [number, number]) => text.slice(start, end))).toEqual(words)
      expect(text).not.toContain('\u{fffd}')
    }
  })

  it('given hits by meaning, each says which passage is nearest, and gives its text to who asks for it', async () => {
    const anna = uuidv7() as UserId
    const text = `${'Über Wörter. '.repeat(3_000)} milk 🌸`
    const [near, far] = [await seed(anna, text), await seed(anna, 'car')]
    const passages = async (more: string) =>
      Object.fromEntries(
        (await search(anna, 'milk', more)).json.items.map(
          (item: { entity: { id: string }; passage: unknown }) => [item.entity.id, item.passage],
        ),
      )
    const place = { chunk: 0, start: 0, end: text.length }
    expect(await passages('&mode=semantic')).toEqual({ [near]: place, [far]: { chunk: 0, start: 0, end: 3 } })
    const told = await passages('&mode=semantic&passages=true')
    expect(told).toEqual({
      [near]: { ...place, text: Buffer.from(text).subarray(0, 16_384).toString() },
      [far]: { chunk: 0, start: 0, end: 3, text: 'car' },
    })
    expect(await passages('&mode=text&passages=true')).toEqual({ [near]: null })
    await query.store.delete(textKeyOf({ userId: anna, id: far }))
    expect((await passages('&mode=semantic&passages=true'))[far]).toEqual({ chunk: 0, start: 0, end: 3 })
    expect((await search(anna, 'milk', '&passages=false')).status).toBe(400)
  })

  it('given many long texts, no more than some MiB of all are read to mark words in, and each is looked through', async () => {
    const anna = uuidv7() as UserId
    const text = `${'other words. '.repeat(4_000)} a pianist ${'more of them. '.repeat(80_000)}`
    for (let count = 0; count < 9; count += 1) await seed(anna, text, { vectors: [] })
    const get = vi.spyOn(query.store, 'get')
    const answer = await search(anna, 'pianist', '&mode=text')
    const ranges = get.mock.calls.map(([, options]) => options?.range)
    get.mockRestore()
    const bytes = ranges.reduce((sum, range) => sum + (range?.end ?? Infinity) - (range?.start ?? 0), 0)
    expect(bytes).toBeLessThan(4.5 * 1_048_576)
    expect(answer.json.items).toHaveLength(9)
    for (const { highlights } of answer.json.items) expect(highlights[0].text).toContain('pianist')
  })

  it('given texts that the store cannot give, hits come without passages', async () => {
    const anna = uuidv7() as UserId
    const id = await seed(anna, 'milk from the shop')
    await query.store.delete(textKeyOf({ userId: anna, id }))
    const answer = await search(anna, 'milk')
    expect(idsOf(answer)).toEqual([id])
    expect(answer.json.items[0].highlights[0].text).toContain('milk')
  })
})

describe('search in another user’s shadow', () => {
  let query: TestQuery
  beforeAll(async () => {
    query = await startQuery([model, offline])
    // As with very many vectors of each user: no way to them but the index on vectors.
    await query.database.superuserSql(
      `drop index read_v1.entity_vectors_by_addition;
       alter database ${query.database.name} set enable_seqscan = off;
       alter database ${query.database.name} set enable_sort = off;
       -- Which the prices that follow would call for, for seconds.
       alter database ${query.database.name} set jit = off;`,
    )
  })
  afterAll(() => query.close())

  it('given another user with very many nearer vectors, the index gives this one all of their own', async () => {
    const [anna, bert] = [uuidv7() as UserId, uuidv7() as UserId]
    const own: string[] = []
    for (let number = 0; number < 12; number += 1) {
      const text = `garden ${number}`
      const values = vectorOf('garden car')
      values[100 + number] = 0.3
      own.push(await seedEntity(query.pool, { userId: anna, sequence: 1, text, vectors: [values] }))
    }
    await query.database.superuserSql(
      `insert into read_v1.entity_vectors (entity_id, content_sha256, producer, block, chunk, user_id, model,
         char_start, char_end, embedding)
       select gen_random_uuid(), 'h', 'p', 0, 0, '${bert}', 'test-model', 0, 1,
         (array[0, 0, 1]::real[] || (select array_agg(((random() - 0.5) / 50)::real)
           from generate_series(1, 1533) where n > 0))::public.vector(1536)::public.halfvec(1536)
       from generate_series(1, 600) as n;
       update read_v1.user_models set vectors = 1000000 where user_id = '${anna}';
       analyze read_v1.entity_vectors;`,
    )
    const answer = await query.get('/v1/search?q=flowers&mode=semantic&limit=10', anna)
    expect(answer.status).toBe(200)
    const ids = answer.json.items.map((item: { entity: { id: string } }) => item.entity.id)
    expect(ids).toHaveLength(10)
    expect(own).toEqual(expect.arrayContaining(ids))
  })
})
