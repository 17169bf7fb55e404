import { describe, expect, it } from 'vitest'
import { bySigns, likenessAtMost } from './by-signs.ts'

describe('bySigns', () => {
  const random = (count: number) =>
    Uint16Array.from({ length: count }, () => Math.floor(Math.random() * 1_537))

  it.each([
    [0, 10],
    [1, 1],
    [500, 1],
    [500, 40],
    [500, 500],
    [500, 900],
  ])(
    'given %i vectors of which at least %i are wanted, they come in the order of their differences',
    (count, least) => {
      const differences = random(count)
      const { order, differences: sorted } = bySigns(differences, least)
      const all = Array.from(differences).sort((a, b) => a - b)
      expect(Array.from(sorted)).toEqual(all.slice(0, sorted.length))
      expect(Array.from(order, (vector) => differences[vector])).toEqual(Array.from(sorted))
      expect(new Set(order).size).toBe(order.length)
      expect(order.length).toBeGreaterThanOrEqual(Math.min(least, count))
      // All with as many as the last, and no more.
      expect(all.filter((of) => of <= (sorted.at(-1) ?? -1))).toHaveLength(order.length)
      if (least < count) expect(sorted.at(-1)).toBe(all[least - 1])
    },
  )

  it('given the fewest and the most differences, their likeness is that of the same and of the opposite', () => {
    expect(likenessAtMost(0)).toBe(1)
    expect(likenessAtMost(1_536)).toBe(-1)
    expect(likenessAtMost(768)).toBeGreaterThan(0.1)
    expect(likenessAtMost(768)).toBeLessThan(0.13)
  })
})
