import { describe, expect, it } from 'vitest'
import { rotate } from './rotate.ts'

const dimensions = 1_536
const dot = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, value, at) => sum + value * (b[at] as number), 0)

describe('rotate', () => {
  it('given two vectors, their lengths and their product stay', () => {
    const [a, b] = [0, 1].map(() => Float32Array.from({ length: dimensions }, () => Math.random() - 0.4)) as [
      Float32Array,
      Float32Array,
    ]
    const before = [dot(a, a), dot(b, b), dot(a, b)]
    rotate(a)
    rotate(b)
    const after = [dot(a, a), dot(b, b), dot(a, b)]
    after.forEach((value, at) => expect(value).toBeCloseTo(before[at] as number, 1))
  })

  it.each([0, 511, 512, 1_535])(
    'given a vector with nothing but place %i, it ends in every place',
    (place) => {
      const vector = new Float32Array(dimensions)
      vector[place] = 1
      rotate(vector)
      const even = 1 / Math.sqrt(dimensions)
      expect(Math.max(...vector.map(Math.abs))).toBeLessThan(6 * even)
      expect(vector.filter((value) => Math.abs(value) > even / 10).length).toBeGreaterThan(dimensions / 2)
    },
  )
})
