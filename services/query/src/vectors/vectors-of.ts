import { idAddress, idBytes, type PackedVectors, perSlab } from './packed-vectors.ts'

/** The vectors of these entities, whose ids are 16 bytes each. */
export function vectorsOf(vectors: PackedVectors, ids: Uint8Array): Uint32Array {
  const given = wordsOf(ids)
  const table = tableOf(given)
  const words = new Uint32Array(vectors.slabs.buffer())
  const found = new Uint32Array(vectors.count())
  let count = 0
  // Ids of a slab lie one behind the other: an address for each vector would take longer than the look.
  for (let first = 0; first < found.length; first += perSlab) {
    const from = idAddress(vectors, first) / 4
    const here = Math.min(perSlab, found.length - first)
    for (let at = 0; at < here; at += 1) {
      if (isIn(table, given, words, from + at * idWords)) found[count++] = first + at
    }
  }
  return found.slice(0, count)
}

const idWords = idBytes / 4

function wordsOf(ids: Uint8Array): Uint32Array {
  const words = new Uint32Array(ids.length / 4)
  new Uint8Array(words.buffer).set(ids)
  return words
}

/**
 * Number of each id, from 1, at the place that the end of the id says or at the next that is free; four times as many places,
 * for searches that end soon. A set of strings would take ten times as long.
 */
function tableOf(given: Uint32Array): Int32Array {
  const count = given.length / idWords
  const table = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(1, count) * 4)))
  for (let id = 0; id < count; id += 1) {
    let place = placeOf(table, given, id * idWords)
    while (table[place] !== 0) place = (place + 1) & (table.length - 1)
    table[place] = id + 1
  }
  return table
}

/** The end of an id is random. */
const placeOf = (table: Int32Array, words: Uint32Array, at: number) =>
  (words[at + idWords - 1] as number) & (table.length - 1)

function isIn(table: Int32Array, given: Uint32Array, words: Uint32Array, at: number): boolean {
  let place = placeOf(table, words, at)
  for (let id = table[place] as number; id !== 0; id = table[place] as number) {
    if (isSame(given, (id - 1) * idWords, words, at)) return true
    place = (place + 1) & (table.length - 1)
  }
  return false
}

function isSame(a: Uint32Array, from: number, b: Uint32Array, at: number): boolean {
  for (let word = 0; word < idWords; word += 1) {
    if (a[from + word] !== b[at + word]) return false
  }
  return true
}
