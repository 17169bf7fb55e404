import { describe, expect, it } from 'vitest'
import { exactVectors, isIndexWorthIt } from './find-by-comparing.ts'

describe('the way to the nearest vectors, by stored counts', () => {
  it.each([
    ['as many as are always compared', exactVectors, exactVectors, false],
    ['one more, all there are', exactVectors + 1, exactVectors + 1, true],
    ['some more, among more', 30_000, 400_000, false],
    ['a hundred thousand, among some', 100_000, 400_000, true],
    ['as many, among very many', 100_000, 10_000_000, false],
    ['very many of very many', 1_000_000, 100_000_000, true],
    ['a hundred thousand, where nobody has counted all', 100_000, 0, true],
  ])('given %s, the index is asked or not', (_, vectors, all, isIndexed) => {
    expect(isIndexWorthIt(vectors, all)).toBe(isIndexed)
  })
})
