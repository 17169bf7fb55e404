import { createIdTable, type IdTable, idWords, slotOf } from './id-table.ts'
import { idAddress, type PackedVectors, perSlab } from './packed-vectors.ts'

/** The vectors of these entities, whose ids are 16 bytes each. */
export function vectorsOf(vectors: PackedVectors, ids: Uint8Array): Uint32Array {
  const table = tableOf(ids)
  const { words } = vectors.slabs.scratch()
  const found = new Uint32Array(vectors.count())
  let count = 0
  // Ids of a slab lie one behind the other: an address for each vector would take longer than the look.
  for (let first = 0; first < found.length; first += perSlab) {
    const from = idAddress(vectors, first) / 4
    const here = Math.min(perSlab, found.length - first)
    for (let at = 0; at < here; at += 1) {
      if (table.begins[slotOf(table, words, from + at * idWords)] !== 0) found[count++] = first + at
    }
  }
  return found.slice(0, count)
}

function tableOf(ids: Uint8Array): IdTable {
  const words = new Uint32Array(ids.length / 4)
  new Uint8Array(words.buffer).set(ids)
  const table = createIdTable(words, words.length / idWords)
  for (let at = 0; at < words.length; at += idWords) table.begins[slotOf(table, words, at)] = at + 1
  return table
}
