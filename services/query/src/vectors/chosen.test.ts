import { describe, expect, it } from 'vitest'
import { createChosen, placesOf } from './chosen.ts'

describe('some of a user’s vectors', () => {
  it.each([
    [0, 100],
    [2, 1_000],
    [31, 992],
    [500, 1_000],
    [1_000, 1_000],
  ])('given %i of %i, they are these, in the least memory', (count, of) => {
    const numbers = Uint32Array.from({ length: count }, (_, at) => Math.floor((at * of) / count))
    const chosen = createChosen(numbers, of)
    expect(chosen.count).toBe(count)
    expect(chosen.numbers()).toEqual(numbers)
    expect(chosen.bytes).toBe(Math.min(count * 4, Math.ceil(of / 32) * 4))
  })

  it('given rows of vectors in any order, the places of the chosen ones are told, and none of what came later', () => {
    const { bits } = createChosen(Uint32Array.of(0, 31, 32, 63, 64), 65)
    const rows = Uint32Array.of(64, 1, 31, 65, 63, 33, 200, 0)
    expect(placesOf(bits ?? new Uint32Array(), rows)).toEqual(Uint32Array.of(0, 2, 4, 7))
  })
})
