import { describe, expect, it } from 'vitest'
import { deliveriesOf, shares } from './deliveries.ts'

describe('deliveriesOf', () => {
  it.each(shares)(
    'given %i percent of replay, that part was delivered before, and nothing is left out',
    (share) => {
      const delivered = deliveriesOf(99_000, share)
      expect(new Set(delivered).size).toBe(99_000)
      expect((delivered.length - 99_000) / delivered.length).toBeCloseTo(share / 100, 5)
    },
  )

  it('given a batch that is sent again, it comes in its order', () => {
    const delivered = deliveriesOf(1_000, 50)
    expect(delivered.slice(495, 505)).toEqual([495, 496, 497, 498, 499, 0, 1, 2, 3, 4])
  })
})
