import { createOfflineProvider } from '@synap/ai'
import { type EntityId, type UserId, uuidv7 } from '@synap/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seedEntity } from '../test/seed.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

describe('GET /v1/entities/{id}/related', () => {
  const offline = createOfflineProvider()
  const anna = uuidv7() as UserId
  let query: TestQuery
  beforeAll(async () => {
    query = await startQuery([offline])
  })
  afterAll(() => query.close())

  const vectorsOf = async (...texts: string[]) =>
    (await offline.embed(texts, new AbortController().signal)).vectors
  const note = async (
    text: string,
    more: { userId?: UserId; deleted?: boolean; model?: string; parts?: string[] } = {},
  ): Promise<EntityId> => {
    const { userId = anna, model = offline.embeddingModel, parts = [text], deleted = false } = more
    const vectors = await vectorsOf(...parts)
    return seedEntity(query.pool, { userId, sequence: 1, title: text, text, vectors, model, deleted })
  }
  const related = async (id: string, parameters = '') => {
    const { status, json } = await query.get(`/v1/entities/${id}/related?${parameters}`, anna)
    expect(status).toBe(200)
    return json as { origin: string; model: string | null; items: { id: string; likeness: number }[] }
  }

  it('given items alike and unlike, the likest come first, with the model; never itself, the deleted, others’ or other models’', async () => {
    const bread = await note('sourdough bread with rye flour')
    const near = await note('rye flour for sourdough bread')
    const farther = await note('a long day, and bread in the evening')
    const long = await note('a page', { parts: ['quarterly tax figures', 'sourdough bread and rye flour'] })
    await note('sourdough bread with rye', { deleted: true })
    await note('sourdough bread with rye', { userId: uuidv7() as UserId })
    await note('sourdough bread with rye', { model: 'another-model' })
    const { origin, model, items } = await related(bread)
    expect({ origin, model }).toEqual({ origin: 'ai', model: offline.embeddingModel })
    const order = items.map(({ id }) => id)
    expect(order.slice(0, 2)).toEqual(expect.arrayContaining([near, long]))
    expect(order.slice(2)).toEqual([farther])
    expect(items.map(({ likeness }) => likeness)).toEqual(
      items.map(({ likeness }) => likeness).toSorted((x, y) => y - x),
    )
    for (const { likeness } of items) {
      expect(likeness).toBeGreaterThanOrEqual(0)
      expect(likeness).toBeLessThanOrEqual(1)
    }
    expect((await related(bread, 'limit=1')).items).toEqual(items.slice(0, 1))
  })

  it('given an item without vectors, nothing is related and no model named; given what is not there, 404', async () => {
    const bare = await seedEntity(query.pool, { userId: anna, sequence: 1, title: 'bare', text: 'sourdough' })
    expect(await related(bare)).toEqual({ origin: 'ai', model: null, items: [] })
    for (const id of [uuidv7(), await note('theirs', { userId: uuidv7() as UserId })]) {
      expect((await query.get(`/v1/entities/${id}/related`, anna)).status).toBe(404)
    }
    expect((await query.get(`/v1/entities/${bare}/related?limit=51`, anna)).status).toBe(400)
  })
})
