import { describe, expect, it } from 'vitest'
import { createRandom } from './random.ts'
import { median, quantile, ratioOf, theilSen } from './statistics.ts'

describe('statistics', () => {
  it('given a sample in any order, quantiles are interpolated between its values', () => {
    const sample = [40, 10, 30, 20]
    expect([0, 0.5, 1].map((q) => quantile(sample, q))).toEqual([10, 25, 40])
    expect(quantile(sample, 0.99)).toBeCloseTo(39.7)
    expect(median([3])).toBe(3)
    expect(median([])).toBeNaN()
  })

  it('given a quarter of the points far off, the slope is that of the others', () => {
    const points = Array.from({ length: 40 }, (_, x) => [x, x % 4 === 0 ? 1_000 : 100 + 2 * x] as const)
    expect(theilSen(points)).toBeCloseTo(2, 0)
    expect(theilSen([[1, 5]])).toBe(0)
  })

  it('given rounds that were disturbed alike, the ratio is that of each round', () => {
    const limit = [100, 200, 110, 105, 150]
    const own = limit.map((value) => value * 0.5)
    const { median, interval } = ratioOf(own, limit, createRandom(1))
    expect(median).toBeCloseTo(0.5)
    expect(interval.map((bound) => Math.round(bound * 100))).toEqual([50, 50])
  })

  it('given rounds that differ, the interval holds the median and lies within them', () => {
    const { median, interval } = ratioOf([1, 2, 3, 4, 5], [1, 1, 1, 1, 1], createRandom(1))
    expect(median).toBe(3)
    expect(interval[0]).toBeGreaterThanOrEqual(1)
    expect(interval[0]).toBeLessThan(3)
    expect(interval[1]).toBeGreaterThan(3)
    expect(() => ratioOf([1], [], createRandom(1))).toThrow(RangeError)
  })
})
