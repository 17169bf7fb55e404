import { idBytes } from './packed-vectors.ts'

export const idWords = idBytes / 4

/** Ids, each of four words, by where they lie. A map of strings would take ten times as long. */
export interface IdTable {
  words: Uint32Array
  /** Of each slot: one more than the word that its id begins with; 0: it is free. */
  begins: Int32Array
  /** `count - 1`, for a count of slots that is a power of two. */
  mask: number
}

/**
 * Room for so many ids that lie among these words; four times as many slots, for searches that end soon.
 *
 * @param begins slots to use again, when they are enough.
 */
export function createIdTable(words: Uint32Array, ids: number, begins?: Int32Array): IdTable {
  const count = 2 ** Math.ceil(Math.log2(Math.max(1, ids) * 4))
  if (begins === undefined || begins.length < count) begins = new Int32Array(count)
  else begins.fill(0, 0, count)
  return { words, begins, mask: count - 1 }
}

/** The slot that has the id which begins with this word of these, or the free one that it belongs into. */
export function slotOf({ words: own, begins, mask }: IdTable, words: Uint32Array, at: number): number {
  // The end of an id is random.
  let slot = (words[at + idWords - 1] as number) & mask
  for (let begin = begins[slot] as number; begin !== 0; begin = begins[slot] as number) {
    if (isSame(own, begin - 1, words, at)) return slot
    slot = (slot + 1) & mask
  }
  return slot
}

function isSame(a: Uint32Array, from: number, b: Uint32Array, at: number): boolean {
  for (let word = 0; word < idWords; word += 1) {
    if (a[from + word] !== b[at + word]) return false
  }
  return true
}
