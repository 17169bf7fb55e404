import { describe, expect, it } from 'vitest'
import { readLabelledSet } from './labelled-set.ts'
import { ndcg } from './ndcg.ts'

describe('ndcg', () => {
  const grades = { a: 2, b: 1 }
  it('given the best order, it is 1; given nothing of use, 0; given another order, what the formula says', () => {
    expect(ndcg(['a', 'b', 'x'], grades, 10)).toBe(1)
    expect(ndcg(['x', 'y'], grades, 10)).toBe(0)
    expect(ndcg(['b', 'a'], grades, 10)).toBeCloseTo((1 + 3 / Math.log2(3)) / (3 + 1 / Math.log2(3)), 10)
    expect(ndcg(['x', 'a'], grades, 1)).toBe(0)
  })
})

describe('the labelled set', () => {
  it('given its questions, their answers are among its notes, of which no two have the same name', () => {
    const { notes, questions } = readLabelledSet()
    const ids = new Set(notes.map(({ id }) => id))
    expect(ids.size).toBe(notes.length)
    for (const { q, relevant } of questions) {
      expect(Object.keys(relevant).length, q).toBeGreaterThan(0)
      expect([...ids], q).toEqual(expect.arrayContaining(Object.keys(relevant)))
    }
  })
})
