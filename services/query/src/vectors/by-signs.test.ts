import { describe, expect, it } from 'vitest'
import { differenceAt, differenceOf, placesWithin } from './by-signs.ts'

const random = (count: number) => Uint16Array.from({ length: count }, () => Math.floor(Math.random() * 1_537))

describe('numbers of differing signs', () => {
  it.each([
    [1, 1],
    [500, 1],
    [500, 40],
    [500, 500],
    [500, 900],
  ])(
    'given %i of which at least %i are wanted, all up to that number are told, and no more',
    (count, least) => {
      const differences = random(count)
      const sorted = Array.from(differences).sort((a, b) => a - b)
      const last = differenceOf(differences, least)
      expect(last).toBe(least > count ? 1_536 : sorted[least - 1])
      const places = placesWithin(differences, -1, last)
      expect(Array.from(places, (place) => differences[place]).sort((a = 0, b = 0) => a - b)).toEqual(
        sorted.filter((difference) => difference <= last),
      )
      const rest = placesWithin(differences, last, 1_536)
      expect(new Set([...places, ...rest]).size).toBe(count)
    },
  )

  it('given a likeness, more signs may differ than its angle says, by what chance does', () => {
    expect(differenceAt(-Infinity)).toBe(1_536)
    expect(differenceAt(1)).toBeLessThan(10)
    const [half, none] = [differenceAt(0.5) - 512, differenceAt(0) - 768]
    expect([half > 38, half < 55, none > 42, none < 55]).toEqual([true, true, true, true])
  })
})
