import { describe, expect, it } from 'vitest'
import { confirmedNeighbours, type There } from './confirmed-neighbours.ts'

const ids = Uint8Array.from({ length: 48 }, (_, at) => Math.floor(at / 16))
const there = (entity_id: string, place: number, content = 'now'): There => ({ entity_id, place, content })
const remembered = {
  ids,
  likenesses: Float64Array.of(0.9, 0.8, 0.7),
  passages: [1, 2, 3].map((chunk) => ({ content: 'now', chunk })),
  nearestPassage: (): { chunk: number; likeness: number } | null | undefined => {
    throw new TypeError('nobody was to ask')
  },
}

describe('neighbours that the database confirmed', () => {
  it('given some are not there, the others are as memory has them', () => {
    const neighbours = confirmedNeighbours([there('a', 0), there('c', 2)], remembered)
    expect(neighbours?.map(({ entity_id, chunk }) => [entity_id, chunk])).toEqual([
      ['a', 1],
      ['c', 3],
    ])
    expect(neighbours?.[1]?.distance).toBeCloseTo(0.3)
  })

  it('given one with another content, its nearest passage of that has its place', () => {
    const asked: unknown[] = []
    const neighbours = confirmedNeighbours([there('a', 0), there('b', 1, 'later'), there('c', 2)], {
      ...remembered,
      nearestPassage(of) {
        asked.push(of)
        return { chunk: 7, likeness: 0.5 }
      },
    })
    expect(asked).toEqual([{ id: Uint8Array.from({ length: 16 }, () => 1), content: 'later' }])
    expect(neighbours?.map(({ entity_id, chunk }) => [entity_id, chunk])).toEqual([
      ['a', 1],
      ['c', 3],
      ['b', 7],
    ])
  })

  it('given one whose content has no vector, it is none of them; given memory has left, nothing is known', () => {
    const entities = [there('a', 0, 'later'), there('b', 1)]
    const without = confirmedNeighbours(entities, { ...remembered, nearestPassage: () => null })
    expect(without?.map(({ entity_id }) => entity_id)).toEqual(['b'])
    expect(confirmedNeighbours(entities, { ...remembered, nearestPassage: () => undefined })).toBeUndefined()
  })
})
