import { describe, expect, it } from 'vitest'
import { createPassShares, isWorthReading, mostKept } from './pass-shares.ts'

describe('what is remembered of a filter', () => {
  it('given questions in one state, they are counted; in another, or in one that cannot be told, from the beginning', () => {
    const shares = createPassShares()
    const timesAfter = (...states: (string | undefined)[]) => {
      for (const state of states) shares.noteState('f', state)
      return shares.timesIn('f')
    }
    expect(timesAfter('1')).toBe(0)
    shares.set('f', 0.5)
    expect([timesAfter('1'), timesAfter('1'), timesAfter('2'), timesAfter('2', '2')]).toEqual([1, 2, 1, 3])
    shares.set('f', 0.4)
    expect([timesAfter('2'), timesAfter(undefined), timesAfter('2')]).toEqual([4, 0, 1])
    expect([shares.get('f'), shares.timesIn('g')]).toEqual([0.4, 0])
  })

  it('given a filter, what passes is read after two questions at least, and one for each thousand; very many are not', () => {
    const firstTime = (passing: number) =>
      Array.from({ length: 1_000 }, (_, times) => times).find((times) => isWorthReading(passing, times))
    expect([0, 900, 2_000, 2_001, 50_000, mostKept].map(firstTime)).toEqual([2, 2, 2, 3, 50, 200])
    expect(firstTime(mostKept + 1)).toBeUndefined()
  })
})
