import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { likenessOf } from './likeness.ts'

describe('likenessOf', () => {
  it('given items that share rare and common words, when compared, then a rare one weighs more', () => {
    const others = Array.from({ length: 12 }, (_, index) => ({
      id: `common-${index}`,
      shared: ['use', 'get'],
      size: 4,
    }))
    const { likest } = likenessOf(
      ['sourdough', 'oven', 'use', 'get'],
      [...others, { id: 'bread', shared: ['sourdough', 'oven'], size: 4 }],
      13,
    )
    expect(likest[0]?.id).toBe('bread')
    expect(likest[0]?.likeness).toBeGreaterThan((likest[1]?.likeness ?? 1) * 1.5)
  })

  it('given one word in common of many, when compared, then that is no likeness', () => {
    expect(likenessOf(['a', 'b', 'c'], [{ id: 'x', shared: ['a'], size: 3 }], 1).likest).toEqual([])
  })

  it('given long texts that share two words of many, when compared, then that is no likeness', () => {
    const own = Array.from({ length: 24 }, (_, index) => `word${index}`)
    const shared = own.slice(0, 2)
    expect(likenessOf(own, [{ id: 'x', shared, size: 24 }], 1).likest).toEqual([])
    expect(likenessOf(own, [{ id: 'x', shared: own.slice(0, 8), size: 24 }], 1).likest).toHaveLength(1)
  })

  it('given a word that nearly all items have, when compared, then it is common and not shared', () => {
    const candidates = Array.from({ length: 40 }, (_, index) => ({
      id: `i${index}`,
      shared: index < 3 ? ['oven', 'use'] : ['use'],
      size: 5,
    }))
    expect(likenessOf(['oven', 'use', 'only-here'], candidates, 40)).toMatchObject({
      sharedTerms: ['oven'],
      commonTerms: ['use'],
    })
  })

  it('given any items in any order, when compared, then likeness is above 0, up to 1, and the order changes nothing', () => {
    const own = ['a', 'b', 'c', 'd', 'e', 'f']
    const candidate = fc.record({
      id: fc.uuid(),
      shared: fc.subarray(own, { minLength: 1 }),
      more: fc.nat({ max: 20 }),
    })
    const several = fc.uniqueArray(candidate, { selector: ({ id }) => id, maxLength: 30 })
    fc.assert(
      fc.property(several, fc.nat(), (found, seed) => {
        const candidates = found.map(({ id, shared, more }) => ({ id, shared, size: shared.length + more }))
        const likeness = likenessOf(own, candidates, candidates.length)
        for (const { likeness: share } of likeness.likest) {
          expect(share).toBeGreaterThan(0)
          expect(share).toBeLessThanOrEqual(1.000_001)
        }
        const turned = candidates.length === 0 ? 0 : seed % candidates.length
        const rotated = [...candidates.slice(turned), ...candidates.slice(0, turned)]
        expect(likenessOf(own, rotated, candidates.length)).toEqual(likeness)
      }),
    )
  })
})
