import { keyTerms } from '@synap/ai'
import { type EntityId, type TagId, type UserId, uuidv7 } from '@synap/core'
import { silentLogger } from '@synap/messaging'
import { createPool, type Pool } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHistory, type History, newEntity } from '../../test/events.ts'
import { applyEvents } from '../apply-events.ts'
import { inTransaction } from '../database.ts'
import { lookAround, noteTerms } from '../steps/look-around.ts'
import { findVocabulary } from './users.ts'

let database: TestDatabase
let pool: Pool
beforeAll(async () => {
  database = await createTestDatabase(['enricher'])
  pool = createPool({ url: database.url, applicationName: 'neighbours-test' })
}, 120_000)
afterAll(async () => {
  await pool?.end()
  await database?.close()
})

type Placed = ReturnType<History['event']>
const apply = (...events: Placed[]) =>
  inTransaction(pool, (client) => applyEvents(client, events, silentLogger))
const look = (userId: UserId, entityId: EntityId, text: string) =>
  inTransaction(pool, (client) => lookAround(client, { userId, entityId }, keyTerms(null, text)))
const newTag = () => uuidv7() as TagId

/** A user with items of which each has its words and its tags. */
async function collectionOf(items: readonly (readonly [text: string, ...tags: string[]])[]) {
  const history = createHistory()
  const { userId, created, event } = history
  const ids: EntityId[] = []
  const tagIds = new Map<string, TagId>()
  for (const [text, ...names] of items) {
    const id = newEntity()
    ids.push(id)
    const tagged = names.map((name) => {
      const tagId = tagIds.get(name) ?? newTag()
      tagIds.set(name, tagId)
      return event('entity.tag_added', id, { tagId, name })
    })
    await apply(created(id), ...tagged)
    await inTransaction(pool, (client) => noteTerms(client, { userId, entityId: id }, keyTerms(null, text)))
  }
  return { ...history, ids, tagIds }
}

const bread = [
  ['sourdough starter and rye flour', 'Baking'],
  ['rye flour for the sourdough bread', 'Baking', 'Shopping'],
  ['holiday flights to Lisbon', 'Travel'],
] as const

describe('items like another', () => {
  it('given items with tags, when one like them comes, then theirs are its neighbours, the likest first', async () => {
    const { userId } = await collectionOf(bread)
    const { neighbours } = await look(userId, newEntity(), 'feed the sourdough starter with rye')
    expect(neighbours.map(({ tags }) => tags)).toEqual([['Baking'], ['Baking', 'Shopping']])
    expect(neighbours[0]?.likeness).toBeGreaterThan(neighbours[1]?.likeness ?? 1)
  })

  it('given the same words of another user, when looked for, then nobody is near', async () => {
    await collectionOf(bread)
    const { neighbours, sharedStems } = await look(createHistory().userId, newEntity(), 'sourdough rye flour')
    expect({ neighbours, sharedStems }).toEqual({ neighbours: [], sharedStems: [] })
  })

  it('given items without tags, when some share words, then they are no neighbours, but their words are shared', async () => {
    const { userId } = await collectionOf([['sourdough rye'], ['sourdough oven rye'], ['rye']])
    const { neighbours, sharedStems } = await look(userId, newEntity(), 'sourdough rye stone')
    expect(neighbours).toEqual([])
    expect(sharedStems.toSorted()).toEqual(['rye', 'sourdough'])
  })

  it('given a tag that is taken off, renamed, merged or its item deleted, when looked again, then that is known', async () => {
    const { userId, ids, tagIds, event } = await collectionOf(bread)
    const [first, second] = ids as [EntityId, EntityId]
    const [baking, shopping] = [tagIds.get('Baking'), tagIds.get('Shopping')] as [TagId, TagId]
    const tags = async () =>
      (await look(userId, newEntity(), 'sourdough rye flour')).neighbours.map(({ tags: names }) => names)
    await apply(event('tag.renamed', userId, { tagId: baking, name: 'Bread', oldName: 'Baking' }))
    expect(await tags()).toEqual(expect.arrayContaining([['Bread'], ['Bread', 'Shopping']]))
    await apply(
      event('tag.merged', userId, { tagId: shopping, name: 'Shopping', intoId: baking, intoName: 'Bread' }),
      event('entity.tag_removed', first, { tagId: baking, name: 'Bread' }),
    )
    expect(await tags()).toEqual([['Bread']])
    await apply(event('entity.deleted', second, {}))
    expect(await tags()).toEqual([])
  })

  it('given a tag that AI set, when it stands, then it is vocabulary and a neighbour’s tag; taken off, it is neither', async () => {
    const { userId, ids, event } = await collectionOf([['sourdough rye flour']])
    const [id] = ids as [EntityId]
    const tagId = newTag()
    const change = {
      title: null,
      type: null,
      summary: null,
      people: null,
      language: null,
      status: null,
      priority: null,
      due: null,
    }
    const applied = event('ai.enrichment_applied', id, {
      analysisId: uuidv7() as never,
      contentHash: 'a'.repeat(64),
      model: 'm',
      promptVersion: 'p',
      offline: true,
      ...change,
      tagsAdded: [{ tagId, name: 'Baking', confidence: 0.9 }],
      suggestions: [],
    })
    const vocabulary = () => inTransaction(pool, (client) => findVocabulary(client, userId, 10))
    await apply(applied)
    expect(await vocabulary()).toEqual(['Baking'])
    expect((await look(userId, newEntity(), 'sourdough rye')).neighbours).toMatchObject([
      { tags: ['Baking'] },
    ])
    await apply(event('entity.tag_removed', id, { tagId, name: 'Baking' }))
    expect(await vocabulary()).toEqual([])
    expect((await look(userId, newEntity(), 'sourdough rye')).neighbours).toEqual([])
  })

  it('given a purge and an erasure, when applied, then what stood for the items is gone', async () => {
    const { userId, ids, event } = await collectionOf(bread)
    const left = () =>
      database.superuserSql(
        `select (select count(*) from enrich.signatures where user_id = '${userId}')
              + (select count(*) from enrich.entity_tags where user_id = '${userId}')`,
      )
    expect(await left()).toEqual(['7'])
    await apply(event('entity.purged', ids[0] ?? newEntity(), {}))
    expect(await left()).toEqual(['5'])
    await apply(event('user.erased', userId, {}))
    expect(await left()).toEqual(['0'])
  })
})
