import { describe, expect, it } from 'vitest'
import { type KnownRow, summed } from './known-neighbours.ts'

const row = (place: number | null, id: string, distance: number | null = 0.5, chunk = 0): KnownRow => ({
  place,
  added_id: place === null ? id : null,
  added: place === null ? 2 : null,
  entity_id: id,
  chunk: distance === null ? null : chunk,
  distance,
})

describe('what candidates came to', () => {
  it('given enough of them, those up to the last were looked at, also where one has no vector', () => {
    const found = summed([row(2, 'a', 0.3), row(4, 'b', 0.1), row(7, 'c', null)], { given: 20, enough: 3 })
    expect([found.kept, found.checked]).toEqual([3, 7])
    expect(found.neighbours.map(({ entity_id }) => entity_id)).toEqual(['b', 'a'])
  })

  it('given fewer than enough, all were looked at', () => {
    expect(summed([row(2, 'a')], { given: 20, enough: 3 })).toMatchObject({ kept: 1, checked: 20 })
  })

  it('given an order that is not that of the candidates, nothing is known of those that were left out', () => {
    const found = summed([row(4, 'a'), row(2, 'b'), row(9, 'c')], { given: 20, enough: 3 })
    expect([found.kept, found.checked]).toEqual([3, 0])
  })

  it('given many chunks, and some that came since, each entity is there once, by its nearest, and each is counted once', () => {
    const found = summed(
      [
        row(1, 'a', 0.4, 3),
        row(1, 'a', 0.2, 5),
        row(null, 'a', 0.2, 4),
        row(null, 'z', 0.2, 1),
        row(null, 'z', 0.9),
      ],
      { given: 1, enough: 9 },
    )
    expect(found.neighbours).toEqual([
      { entity_id: 'z', chunk: 1, distance: 0.2 },
      { entity_id: 'a', chunk: 4, distance: 0.2 },
    ])
    expect([found.added, found.kept]).toEqual([4, 1])
  })
})
