import { describe, expect, it } from 'vitest'
import { keyTerms } from './key-terms.ts'
import { stemOf } from './stem.ts'

describe('stemOf', () => {
  it.each([
    ['recipes', 'recipe'],
    ['files', 'file'],
    ['classes', 'class'],
    ['tags', 'tag'],
    ['kitchens', 'kitchen'],
  ])('given %s and %s, when compared, then they are one', (many, one) => {
    expect(stemOf(many)).toBe(stemOf(one))
  })

  it.each([
    ['notes', 'not'],
    ['bees', 'be'],
    ['ideas', 'ide'],
  ])('given %s and %s, when compared, then they are two', (one, other) => {
    expect(stemOf(one)).not.toBe(stemOf(other))
  })
})

describe('keyTerms', () => {
  it('given a text, when read, then the words it dwells on come first, each once, in the form used most', () => {
    const terms = keyTerms(
      'On bread',
      'A recipe for bread. Recipes for bread need flour, and these recipes need salt.',
    )
    expect(terms.slice(0, 2)).toEqual([
      { stem: 'bread', word: 'bread', count: 5 },
      { stem: 'recip', word: 'recipes', count: 3 },
    ])
    expect(terms.map(({ word }) => word)).not.toContain('for')
  })

  it('given the same words in another order, when read, then the terms are the same', () => {
    const words = 'flour water salt oven stone yeast dough starter'.split(' ')
    expect(keyTerms(null, words.toReversed().join(' '))).toEqual(keyTerms(null, words.join(' ')))
  })

  it('given a text without end, when read, then there are at most 24 terms', () => {
    const words = Array.from(
      { length: 5_000 },
      (_, index) => `word${String.fromCharCode(97 + (index % 26))}${index % 7}x`,
    )
    expect(keyTerms(null, words.join(' '))).toHaveLength(24)
  })
})
