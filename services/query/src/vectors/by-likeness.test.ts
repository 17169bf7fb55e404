import { describe, expect, it } from 'vitest'
import { edgeOf, withLikeness } from './by-likeness.ts'

const every = (count: number) => Uint32Array.from({ length: count }, (_, at) => at * 3)

describe('edgeOf', () => {
  it.each([
    ['scattered', Array.from({ length: 1_000 }, () => Math.random() * 1.8 - 0.9)],
    ['all the same', Array.from({ length: 1_000 }, () => 0.25)],
    ['beyond what likenesses can be', Array.from({ length: 1_000 }, (_, at) => (at % 2 === 0 ? 1.2 : -1.2))],
  ])('given likenesses that are %s, as many as are wanted come up to it', (_, some) => {
    const likenesses = Float32Array.from(some)
    for (const least of [1, 40, 500, 501, 1_000, 2_000]) {
      const edge = edgeOf(likenesses, least)
      const above = withLikeness(every(1_000), likenesses, { from: edge, below: Infinity })
      expect(above.length).toBeGreaterThanOrEqual(Math.min(least, 1_000))
    }
  })

  it('given likenesses that are scattered, few more come up to it', () => {
    const likenesses = Float32Array.from({ length: 1_000 }, (_, at) => at / 1_000)
    const edge = edgeOf(likenesses, 40)
    expect(
      withLikeness(every(1_000), likenesses, { from: edge, below: Infinity }).length,
    ).toBeLessThanOrEqual(43)
  })
})

describe('withLikeness', () => {
  it('given two likenesses, each vector is in one part, by its number', () => {
    const likenesses = Float32Array.from({ length: 4_000 }, (_, at) => (at % 10) / 8)
    const numbers = every(4_000)
    const parts = [
      { from: 0.5, below: Infinity },
      { from: 0.25, below: 0.5 },
      { from: -Infinity, below: 0.25 },
    ].map((range) => Array.from(withLikeness(numbers, likenesses, range)))
    expect(parts.map((part) => part.length)).toEqual([2_400, 800, 800])
    expect(parts.flat().sort((a, b) => a - b)).toEqual(Array.from(numbers))
  })
})
