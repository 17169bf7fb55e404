import type { EntityList, EntityView, RelationList } from '@synap/contracts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { live } from './any-life/live.ts'
import type { ExpectedLife } from './any-life/model.ts'
import { createPerson, type Person } from './any-life/person.ts'
import { type Pipeline, ways } from './pipeline.ts'

const steps = 120
const seeds = [20_261_121, 7, 4_711]

/** What of an item the person decides alone; the enricher may add tags of its own. */
function toldOf(items: readonly EntityView[], life: ExpectedLife): object[] {
  return items
    .map(({ id, title, metadata, tags }) => {
      const expected = life.items.get(id)?.tags ?? new Set()
      const wanted = new Set([...expected].map(({ name }) => name))
      const told = tags.filter(
        ({ name, provenance }) => wanted.has(name.toLowerCase()) || provenance.by === 'user',
      )
      return { id, title, metadata, tags: told.map(({ name }) => name.toLowerCase()).sort() }
    })
    .sort(byId)
}

function expectedOf(life: ExpectedLife): object[] {
  return life
    .living()
    .map(({ id, title, metadata, tags }) => ({
      id,
      title,
      metadata,
      tags: [...tags].map(({ name }) => name).sort(),
    }))
    .sort(byId)
}

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)

async function allItems(person: Person): Promise<EntityView[]> {
  const items: EntityView[] = []
  for (let next: string | null = ''; next !== null; ) {
    const page: EntityList = await person.read(
      `/v1/entities?limit=200${next === '' ? '' : `&cursor=${next}`}`,
    )
    items.push(...page.items)
    next = page.next
  }
  return items
}

describe.each(ways)('any life of several people at once: $way', ({ startPipeline }) => {
  let pipeline: Pipeline
  beforeAll(async () => {
    pipeline = await startPipeline()
  })
  afterAll(() => pipeline[Symbol.asyncDispose]())

  it(`given ${steps} changes each (seeds ${seeds.join(', ')}), what is read is what was done, and nobody else's`, async () => {
    const people = await Promise.all(
      seeds.map(async (seed) => {
        const name = `person${seed}`
        return { seed, person: createPerson(pipeline, await pipeline.createAccount(name), name) }
      }),
    )
    const lives = await Promise.all(
      people.map(async ({ person, seed }) => ({ person, life: await live(person, seed, steps) })),
    )
    for (const { person, life } of lives) {
      expect(life.living().length).toBeGreaterThan(3)
      expect(toldOf(await allItems(person), life)).toEqual(expectedOf(life))
      const { items: relations } = await person.read<RelationList>('/v1/relations?limit=200')
      const ends = relations.map(({ type, source, target }) => ({ type, source, target }))
      const sorted = (list: object[]) => list.map((one) => JSON.stringify(one)).sort()
      expect(sorted(ends)).toEqual(sorted(life.visibleRelations()))
    }
  }, 300_000)
})
