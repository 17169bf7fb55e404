import { describe, expect, it } from 'vitest'
import { createIdTable, idWords, slotOf } from './id-table.ts'

const wordsOf = (...ids: number[][]) => Uint32Array.from(ids.flat())

/** A table of all of these words' ids. */
function tableOf(words: Uint32Array, begins?: Int32Array) {
  const table = createIdTable(words, words.length / idWords, begins)
  for (let at = 0; at < words.length; at += idWords) table.begins[slotOf(table, words, at)] = at + 1
  return table
}
const isIn = (table: ReturnType<typeof tableOf>, id: number[]) =>
  table.begins[slotOf(table, wordsOf(id), 0)] !== 0

describe('a table of ids', () => {
  it.each([0, 1, 2, 3])('given ids that differ in word %i only, tells them apart', (word) => {
    const ids = Array.from({ length: 40 }, (_, id) => [7, 7, 7, 7].with(word, id))
    const table = tableOf(wordsOf(...ids.slice(0, 20)))
    expect(ids.map((id) => isIn(table, id))).toEqual(ids.map((_, id) => id < 20))
  })

  it('given slots of another table, holds only its own', () => {
    const before = tableOf(wordsOf([1, 1, 1, 1], [2, 2, 2, 2], [3, 3, 3, 3]))
    const table = tableOf(wordsOf([4, 4, 4, 4]), before.begins)
    expect([1, 2, 3, 4].map((id) => isIn(table, [id, id, id, id]))).toEqual([false, false, false, true])
  })

  it('given an id twice, finds the slot it has', () => {
    const words = wordsOf([5, 6, 7, 8], [5, 6, 7, 8])
    const table = createIdTable(words, 2)
    const slot = slotOf(table, words, 0)
    table.begins[slot] = 1
    expect(slotOf(table, words, idWords)).toBe(slot)
  })
})
