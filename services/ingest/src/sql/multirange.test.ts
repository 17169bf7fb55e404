import { describe, expect, it } from 'vitest'
import { toMultirange } from './multirange.ts'

describe('a multirange', () => {
  it.each([
    [[], '{}'],
    [[7], '{[7,7]}'],
    [[3, 1, 2, 2], '{[1,3]}'],
    [[1, 3, 4, 9_007_199_254_740_991], '{[1,1],[3,4],[9007199254740991,9007199254740991]}'],
  ])('given %j, it is %s', (ids, expected) => {
    expect(toMultirange(ids)).toBe(expected)
  })
})
