import { describe, expect, it } from 'vitest'
import { fuseHits } from './fuse-hits.ts'

const match = (entity_id: string, place: number, corrected: string | null = null) => ({
  entity_id,
  place,
  corrected,
})
const neighbour = (entity_id: string, distance: number, chunk = 0) => ({ entity_id, distance, chunk })
const asked = { leastLikeness: null, limit: 10 }

describe('fuseHits', () => {
  it('given two orders, what is in both comes first, with its place in each and the nearest chunk', () => {
    const rows = fuseHits(
      [match('a', 1, 'milk'), match('b', 2, 'milk')],
      [neighbour('c', 0.1), neighbour('b', 0.2, 7)],
      asked,
    )
    expect(rows).toEqual([
      { entity_id: 'b', score: 1 / 62 + 1 / 62, text_place: 2, corrected: 'milk', vector_place: 2, chunk: 7 },
      { entity_id: 'c', score: 1 / 61, text_place: null, corrected: null, vector_place: 1, chunk: 0 },
      { entity_id: 'a', score: 1 / 61, text_place: 1, corrected: 'milk', vector_place: null, chunk: null },
    ])
  })

  it('given places that were left free, matches keep theirs', () => {
    const rows = fuseHits([match('a', 1), match('b', 3)], [], asked)
    expect(rows.map(({ text_place, score }) => [text_place, score])).toEqual([
      [1, 1 / 61],
      [3, 1 / 63],
    ])
  })

  it.each([
    ['less like than the least likeness', 0.18, [0.8, 0.85], 1],
    ['less than half as like as the nearest', 0.1, [0.5, 0.74, 0.76], 2],
    ['as like as they must be', 0.5, [0.25, 0.5], 2],
    ['all of them too unlike', 0.1, [0.95, 0.96], 0],
    ['however far, when no likeness is asked for', null, [0.5, 1.9], 2],
  ])('given neighbours %s, those count that are like enough', (_, leastLikeness, distances, kept) => {
    const neighbours = distances.map((distance, at) => neighbour(`n${at}`, distance))
    const rows = fuseHits([], neighbours, { leastLikeness, limit: 10 })
    expect(rows.map((row) => row.vector_place)).toEqual([1, 2, 3].slice(0, kept))
  })

  it('given more than are asked for, only the best', () => {
    const matches = Array.from({ length: 5 }, (_, at) => match(`m${at}`, at + 1))
    expect(fuseHits(matches, [], { ...asked, limit: 2 }).map((row) => row.entity_id)).toEqual(['m0', 'm1'])
  })
})
