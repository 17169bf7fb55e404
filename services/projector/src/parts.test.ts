import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { partsOf } from './parts.ts'

describe('parts', () => {
  it('given any items, parts keep the order, lose nothing and stay within bounds', () => {
    const bounds = { count: fc.integer({ min: 1, max: 5 }), size: fc.integer({ min: 1, max: 20 }) }
    fc.assert(
      fc.property(fc.array(fc.nat(30)), bounds.count, bounds.size, (items, count, size) => {
        const parts = [...partsOf(items, { count, size, sizeOf: (item) => item })]
        expect(parts.flat()).toEqual(items)
        for (const part of parts) {
          expect(part.length).toBeLessThanOrEqual(count)
          const sum = part.reduce((total, item) => total + item, 0)
          expect(part.length === 1 || sum <= size).toBe(true)
        }
      }),
    )
  })
})
