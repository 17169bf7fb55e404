import { createIdTable, slotOf } from './id-table.ts'
import type { PackedQuestion } from './packed-question.ts'
import { idAddress, type PackedVectors } from './packed-vectors.ts'

/** What likenesses by bytes may be wrong by: five deviations of what rounding to them does to a product. */
export const likenessError = 0.001

/** An entity. */
export interface Ranked {
  /** Its nearest vector, and those that may be nearer by a closer look. */
  nearest: number[]
  /** Of the first. */
  likeness: number
}

/** Above any number of vectors there can be: what a likeness is multiplied with to be sorted together with its vector. */
const vectorLimit = 2 ** 22

/** One number for the distance and the vector, for numbers are sorted many times faster than objects. */
export function keysOf(vectors: PackedVectors, question: PackedQuestion, of: Uint32Array): Float64Array {
  const keys = question.likenesses(vectors, of)
  for (let at = 0; at < keys.length; at += 1) {
    // As a whole number, by cutting off: rounding takes many times as long.
    const distance = Math.max(0, (1 - (keys[at] as number)) * 1e6) | 0
    keys[at] = distance * vectorLimit + (of[at] as number)
  }
  return keys
}

export const likenessOf = (key: number): number => 1 - Math.floor(key / vectorLimit) / 1e6
export const vectorOf = (key: number): number => key % vectorLimit

/** Entities by their nearest vector, the nearest first; one more than are wanted, when there are. */
export function rank(vectors: PackedVectors, keys: Float64Array, wanted: number): Ranked[] {
  const some = entitiesOf(vectors, smallest(keys, 2 * wanted), wanted)
  return some.length > wanted || keys.length <= 2 * wanted
    ? some
    : entitiesOf(vectors, keys.slice().sort(), wanted)
}

/** Used again: of each question's ids where they lie, and their place among the ranked. */
let slots: Int32Array = new Int32Array()
let placeIn: Uint32Array = new Uint32Array()

function entitiesOf(vectors: PackedVectors, keys: Float64Array, wanted: number): Ranked[] {
  const { words } = vectors.slabs.scratch()
  const most = Math.min(keys.length, wanted + 1)
  const table = createIdTable(words, most, slots)
  slots = table.begins
  if (placeIn.length < slots.length) placeIn = new Uint32Array(slots.length)
  const ranked: Ranked[] = []
  for (const key of keys) {
    const vector = vectorOf(key)
    const likeness = likenessOf(key)
    const at = idAddress(vectors, vector) / 4
    const slot = slotOf(table, words, at)
    if (table.begins[slot] === 0) {
      table.begins[slot] = at + 1
      placeIn[slot] = ranked.push({ nearest: [vector], likeness }) - 1
      if (ranked.length === most) break
    } else {
      const known = ranked[placeIn[slot] as number] as Ranked
      if (likeness > known.likeness - 2 * likenessError) known.nearest.push(vector)
    }
  }
  return ranked
}

/** The smallest of these numbers in order. */
export function smallest(keys: Float64Array, count: number): Float64Array {
  // Put in their places one by one they would take the square of the time.
  if (count > 200) return keys.slice().sort().subarray(0, count)
  const kept = keys.slice(0, count).sort()
  for (let at = count; at < keys.length; at += 1) {
    const key = keys[at] as number
    if (key >= (kept[count - 1] as number)) continue
    let place = count - 1
    for (; place > 0 && (kept[place - 1] as number) > key; place -= 1) kept[place] = kept[place - 1] as number
    kept[place] = key
  }
  return kept
}

export function joined(first: Float64Array, second: Float64Array): Float64Array {
  const both = new Float64Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
