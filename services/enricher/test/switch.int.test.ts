import { parseDerivedKey } from '@synap/contracts'
import { uuidv7 } from '@synap/core'
import { eventually } from '@synap/testing'
import { describe, expect, it } from 'vitest'
import { createHistory, type History } from './events.ts'
import { sendJson } from './http-stub.ts'
import { answerAsModel } from './model-stub.ts'
import { useStand, waiting } from './with-stand.ts'

const { stand, capture, finished, states, modelCalls } = useStand()

const oldModel = { OPENAI_EMBEDDING_MODEL: 'old-embed' }
const newModel = { OPENAI_EMBEDDING_MODEL: 'new-embed' }

/** Texts that were embedded, by model; the probe of one word is none. */
const embedded = (model: string) =>
  stand()
    .model.requests.filter(
      ({ path, body }) => path.endsWith('/embeddings') && (body as { model: string }).model === model,
    )
    .flatMap(({ body }) => (body as { input: string[] }).input)
    .filter((text) => text !== 'synap')
const analyses = () => stand().model.count('/responses')

/** What a reader of the topic holds at its end, and what it is told in which order. */
const standing = async (history: History) => {
  const vectors = new Map<string, string>()
  const order: string[] = []
  for (const { message, record } of await stand().derivedLog(history.userId)) {
    const key = message.key ?? ''
    if (record === null) {
      vectors.delete(key)
      order.push(`gone ${parseDerivedKey(key)?.producer.split('@')[0]}`)
    } else if (record.type === 'synap.derived.Embedded') {
      vectors.set(key, record.model)
      order.push(record.model)
    } else if (record.type === 'synap.derived.ModelChosen') order.push(`chosen ${record.model}`)
  }
  return { models: [...new Set(vectors.values())].sort(), vectors: vectors.size, order }
}

const ask = async (history: History, model = 'new-embed') => {
  const id = uuidv7()
  await stand().sql(
    `insert into enrich.enrichments (enrichment_id, user_id, kind, model) values ('${id}', '${history.userId}', 'embed', '${model}')`,
  )
  return id
}
const stateOf = async (id: string) => {
  const [row] = await stand().sql(
    `select state || ' ' || coalesce(reason, '-') from enrich.enrichments where enrichment_id = '${id}'`,
  )
  return row
}
const reached = (id: string, state: string) =>
  eventually(
    `the switch is ${state}`,
    async () => {
      expect(await stateOf(id)).toBe(state)
      return true
    },
    waiting,
  )

describe('a switch to another embedding model', () => {
  it('given items with vectors, when switched, then each has those of the new model alone, no model described one again, and each was embedded once', async () => {
    const history = createHistory()
    const items = [await capture(history, 'A first thought'), await capture(history, 'A second thought')]
    const picture = await capture(history, 'no text', 'image')
    const first = await stand().start(oldModel)
    await stand().publish(...items.flatMap(({ events }) => events), ...picture.events)
    for (const { id } of items) await finished(history, id)
    await first.stop()
    expect(embedded('old-embed')).toHaveLength(2)
    const described = analyses()

    await using _service = await stand().start(newModel)
    const late = await capture(history, 'A thought before anybody asked for the switch')
    await stand().publish(...late.events)
    await finished(history, late.id)
    // The settings name another model, but nothing was paid for yet: what is searched stays complete.
    expect([embedded('old-embed').length, embedded('new-embed').length]).toEqual([3, 0])
    const id = await ask(history)
    await reached(id, 'done -')
    expect(embedded('new-embed').sort()).toHaveLength(3)
    expect(analyses()).toBe(described + 1)
    const { models, vectors, order } = await standing(history)
    expect([models, vectors]).toEqual([['new-embed'], 3])
    const [told, chosen] = [order.indexOf('chosen old-embed'), order.indexOf('chosen new-embed')]
    expect(told).toBeGreaterThanOrEqual(0)
    expect(order.indexOf('new-embed')).toBeGreaterThan(told)
    expect(order.lastIndexOf('new-embed')).toBeLessThan(chosen)
    expect(order.indexOf('gone old-embed')).toBeGreaterThan(chosen)

    const after = await capture(history, 'A thought after the switch')
    await stand().publish(...after.events)
    await finished(history, after.id)
    expect(embedded('new-embed')).toContain('A thought after the switch')
    expect(embedded('old-embed')).toHaveLength(3)
  }, 120_000)

  it('given captures while it is under way, when it ends, then they have vectors of the new model as well, and had those of the old before', async () => {
    const history = createHistory()
    const early = await capture(history, 'An early thought')
    const first = await stand().start(oldModel)
    await stand().publish(...early.events)
    await finished(history, early.id)
    await first.stop()
    // The server embeds by the new model only when it is let.
    let isOpen = false
    stand().model.answerWith((request, response) => {
      const { model, input } = request.body as { model: string; input?: string[] }
      const answer = () =>
        isOpen || model !== 'new-embed' || input?.[0] === 'synap'
          ? answerAsModel(request, response)
          : setTimeout(answer, 50)
      answer()
    })
    await using _service = await stand().start(newModel)
    const id = await ask(history)
    await eventually('it is under way', async () => embedded('new-embed').length > 0 || undefined, waiting)
    const during = await capture(history, 'A thought in between')
    await stand().publish(...during.events)
    await finished(history, during.id)
    expect((await standing(history)).models).toEqual(['old-embed'])
    expect(embedded('old-embed')).toContain('A thought in between')
    isOpen = true
    await reached(id, 'done -')
    const { models, vectors } = await standing(history)
    expect([models, vectors]).toEqual([['new-embed'], 2])
  }, 120_000)

  it('given crashes before the switch, after it, and among the tombstones, when started again, then it ends and nothing was paid twice', async () => {
    const history = createHistory()
    const items = [
      await capture(history, 'A brittle thought'),
      await capture(history, 'Another brittle thought'),
    ]
    const first = await stand().start(oldModel)
    await stand().publish(...items.flatMap(({ events }) => events))
    for (const { id } of items) await finished(history, id)
    await first.stop()
    const described = analyses()
    const id = await ask(history)
    for (const crashpoint of ['enricher.before_switch', 'enricher.after_choice', 'enricher.after_burial']) {
      const doomed = await stand().start({ ...newModel, SYNAP_CRASHPOINT: crashpoint })
      expect(await doomed.exited).toEqual({ code: null, signal: 'SIGKILL' })
      await stand().sql(`update enrich.enrichments set due_at = now() where enrichment_id = '${id}'`)
    }
    await using _service = await stand().start(newModel)
    await reached(id, 'done -')
    expect(embedded('new-embed')).toHaveLength(2)
    expect(analyses()).toBe(described)
    const { models, vectors } = await standing(history)
    expect([models, vectors]).toEqual([['new-embed'], 2])
  }, 180_000)

  it('given it is cancelled, when asked for again, then what was made is taken back, and is not paid for again', async () => {
    const history = createHistory()
    const items = [await capture(history, 'A patient thought'), await capture(history, 'A hasty thought')]
    const first = await stand().start(oldModel)
    await stand().publish(...items.flatMap(({ events }) => events))
    for (const { id } of items) await finished(history, id)
    await first.stop()
    stand().model.answerWith((request, response) =>
      JSON.stringify(request.body).includes('hasty')
        ? sendJson(response, { error: { message: 'x' } }, 503)
        : answerAsModel(request, response),
    )
    await using _service = await stand().start(newModel)
    const id = await ask(history)
    await eventually(
      'one is made',
      async () => (await standing(history)).order.includes('new-embed') || undefined,
      waiting,
    )
    await stand().sql(
      `update enrich.enrichments set state = 'cancelling', due_at = now() where enrichment_id = '${id}'`,
    )
    await reached(id, 'cancelled -')
    expect(await standing(history)).toMatchObject({ models: ['old-embed'], vectors: 2 })
    stand().model.answerWith(answerAsModel)
    await reached(await ask(history), 'done -')
    expect(embedded('new-embed').filter((text) => text.includes('patient'))).toHaveLength(1)
    expect(await standing(history)).toMatchObject({ models: ['new-embed'], vectors: 2 })
  }, 120_000)

  it('given a model whose vectors are too long to be stored, when asked for, then it is refused before an item was embedded', async () => {
    const history = createHistory()
    const item = await capture(history, 'A short thought')
    const first = await stand().start(oldModel)
    await stand().publish(...item.events)
    await finished(history, item.id)
    await first.stop()
    stand().model.answerWith((_, response) =>
      sendJson(response, { data: [{ index: 0, embedding: Array.from({ length: 3_072 }, () => 0.1) }] }),
    )
    await using _service = await stand().start(newModel)
    await reached(await ask(history), 'refused model.vectors_too_long')
    expect(embedded('new-embed')).toEqual([])
    expect((await standing(history)).models).toEqual(['old-embed'])
  }, 120_000)

  it('given a model that fails for most items, when all were tried, then the old vectors stay and it says why', async () => {
    const history = createHistory()
    const items = [
      await capture(history, 'A thought that works'),
      await capture(history, 'One that not'),
      await capture(history, 'Nor this, not'),
    ]
    const first = await stand().start(oldModel)
    await stand().publish(...items.flatMap(({ events }) => events))
    for (const { id } of items) await finished(history, id)
    await first.stop()
    stand().model.answerWith((request, response) =>
      JSON.stringify(request.body).includes('not')
        ? sendJson(response, { data: [{ index: 0, embedding: [0, 0] }] })
        : answerAsModel(request, response),
    )
    await using _service = await stand().start(newModel)
    const id = await ask(history)
    await reached(id, 'building too_many_failures')
    expect((await standing(history)).order).not.toContain('chosen new-embed')
    expect(await states(history, items[1]?.id ?? '')).toMatchObject({ embed: 'done' })
  }, 120_000)

  it('given a user without items, when switched, then it is done, and the first capture is embedded by that model', async () => {
    const history = createHistory()
    await using _service = await stand().start(newModel)
    await reached(await ask(history), 'done -')
    const item = await capture(history, 'A very first thought')
    await stand().publish(...item.events)
    await finished(history, item.id)
    expect((await standing(history)).models).toEqual(['new-embed'])
    expect(modelCalls('very first')).toBe(1)
  }, 120_000)

  it('given an item that was deleted during the switch, when it is restored, then it gets vectors of the new model', async () => {
    const history = createHistory()
    const item = await capture(history, 'A thought that comes back')
    const first = await stand().start(oldModel)
    await stand().publish(...item.events)
    await finished(history, item.id)
    await first.stop()
    await using _service = await stand().start(newModel)
    await stand().publish(history.event('entity.deleted', item.id, {}))
    await eventually(
      'it is deleted',
      async () =>
        (await stand().sql(`select deleted from enrich.entities where entity_id = '${item.id}'`))[0] ===
          't' || undefined,
      waiting,
    )
    await reached(await ask(history), 'done -')
    expect(await standing(history)).toMatchObject({ models: [], vectors: 0 })
    await stand().publish(history.event('entity.restored', item.id, {}))
    await eventually(
      'it has vectors again',
      async () => (await standing(history)).models.includes('new-embed') || undefined,
      waiting,
    )
    expect(embedded('new-embed')).toHaveLength(1)
  }, 120_000)
})
