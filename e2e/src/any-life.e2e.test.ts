import type { EntityList, EntityView, RelationList } from '@synap/contracts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { live } from './any-life/live.ts'
import type { ExpectedLife } from './any-life/model.ts'
import { createPerson, type Person } from './any-life/person.ts'
import { type Pipeline, ways } from './pipeline.ts'

const steps = 120
const seeds = [20_261_121, 7, 4_711]

type Described = ReturnType<ExpectedLife['describe']>

/** What of the items the person decides alone; the enricher may add tags of its own. */
function toldOf(items: readonly EntityView[], expected: Described): object[] {
  const wanted = new Map(expected.map(({ id, tags }) => [id, new Set(tags)]))
  return items
    .map(({ id, title, metadata, tags }) => {
      const own = tags
        .map(({ name, provenance }) => ({ name: name.toLowerCase(), by: provenance.by }))
        .filter(({ name, by }) => by === 'user' || wanted.get(id)?.has(name))
      return { id, title, metadata, tags: own.map(({ name }) => name).sort() }
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

async function allItems(person: Person, parameters = ''): Promise<EntityView[]> {
  const items: EntityView[] = []
  for (let next: string | null = ''; next !== null; ) {
    const cursor: string = next === '' ? '' : `&cursor=${next}`
    const page: EntityList = await person.read(`/v1/entities?limit=20${parameters}${cursor}`)
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

  it(`given ${steps} changes each (seeds ${seeds.join(', ')}), what is read is what was done, now and half way`, async () => {
    const people = await Promise.all(
      seeds.map(async (seed) => {
        const name = `person${seed}`
        return { seed, person: createPerson(pipeline, await pipeline.createAccount(name), name) }
      }),
    )
    const lives = await Promise.all(
      people.map(async ({ person, seed }) => ({ person, ...(await live(person, seed, steps)) })),
    )
    for (const { person, now, halfWay } of lives) {
      const expected = now.describe()
      expect(expected.length).toBeGreaterThan(3)
      expect(toldOf(await allItems(person), expected)).toEqual(expected)
      const { items: relations } = await person.read<RelationList>('/v1/relations?limit=200')
      const ends = relations.map(({ type, source, target }) => ({ type, source, target }))
      const sorted = (list: object[]) => list.map((one) => JSON.stringify(one)).sort()
      expect(sorted(ends)).toEqual(sorted(now.visibleRelations()))

      // What was purged since is not shown in the past either.
      const past = halfWay.items.filter(({ id }) => now.items.get(id)?.gone !== 'purged')
      expect(past.length).toBeGreaterThan(3)
      expect(toldOf(await allItems(person, `&as_of=${halfWay.sequence}`), past)).toEqual(past)
    }
  }, 300_000)
})
