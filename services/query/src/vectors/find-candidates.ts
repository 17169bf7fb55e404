import { differenceAt, differenceOf, placesWithin } from './by-signs.ts'
import { type BySigns, compareSigns } from './near-by-signs.ts'
import { type PackedQuestion, packQuestion } from './packed-question.ts'
import { idAddress, idBytes, type PackedVectors } from './packed-vectors.ts'

export interface CandidateQuestion {
  values: Float32Array
  /** Entities that are wanted at most. */
  wanted: number
  /** So many of them are the nearest; behind these may be fewer than are wanted. */
  sure: number
  /** As in a search: what is less like the question, or not half as like as the nearest, need not be among them. */
  leastLikeness: number | null
  /** Numbers of the vectors to choose among; all when left out. */
  among?: Uint32Array | undefined
}

export interface Candidates {
  /** Ids of entities, 16 bytes each, the nearest first. */
  ids: Uint8Array
  /** How like the question each of them is. */
  likenesses: Float64Array
  /** None that was left out is more like the question, but for chance; null: there is none. */
  beyond: number | null
  /** True: what is beyond was left out for being too unlike, not for want of room. */
  isCut: boolean
}

/** What likenesses may be wrong by here: five deviations of what rounding to bytes does to a product. */
export const likenessError = 0.001
/** So many vectors are compared more closely without a look at their signs. */
const compared = 256

/**
 * The entities that may be the nearest to a question. The number of signs that differ says how far two vectors are apart, but
 * for an error that is known: it is that of 1536 tosses of a coin. Those with the fewest are compared by their bytes; then all
 * that could, but for chance, be as near as the `sure` nearest of these.
 */
export function findCandidates(
  vectors: PackedVectors,
  { values, wanted, sure, leastLikeness, among }: CandidateQuestion,
): Candidates {
  const question = packQuestion(vectors.slabs, values)
  const { ranked, reach } = nearest(vectors, question, { wanted, sure, leastLikeness, among })
  const likenesses = ranked.map(({ likeness }) => likeness)
  const least = leastOf(leastLikeness, likenesses[0])
  const within = likenesses.findIndex((likeness) => likeness < least)
  const kept = within === -1 ? Math.min(ranked.length, wanted) : Math.min(within, wanted)
  return {
    ids: idsOf(vectors, ranked.slice(0, kept)),
    likenesses: Float64Array.from(likenesses.slice(0, kept)),
    beyond: likenesses[kept] ?? reach,
    isCut: within === -1 ? reach !== null && kept < wanted && reach <= least : within <= wanted,
  }
}

/** What is less like the question than this need not be among them. */
function leastOf(leastLikeness: number | null, nearestLikeness: number | undefined): number {
  if (leastLikeness === null || nearestLikeness === undefined) return -Infinity
  return Math.max(leastLikeness, nearestLikeness / 2) - likenessError
}

/** The nearest entities, and down to which likeness none is missing; null: none at all. */
function nearest(
  vectors: PackedVectors,
  question: PackedQuestion,
  { wanted, sure, leastLikeness, among }: Omit<CandidateQuestion, 'values'>,
): { ranked: Ranked[]; reach: number | null } {
  const count = among?.length ?? vectors.count()
  if (count > compared) {
    const signs = compareSigns(vectors, question, { wanted: sure, among })
    const { first, rest, reach, isAll } = closer(vectors, question, signs, {
      least: 2 * wanted,
      reachOf(keys) {
        const some = rank(vectors, keys, wanted)
        return Math.max(some[sure - 1]?.likeness ?? -Infinity, leastOf(leastLikeness, some[0]?.likeness))
      },
    })
    const ranked = rank(vectors, joined(first, rest), wanted)
    if (isAll) return { ranked, reach: null }
    const within = ranked.filter(({ likeness }) => likeness >= reach)
    // The vectors of one long text may be all that is near: then every other has to be looked at.
    if (within.length >= sure || reach <= leastOf(leastLikeness, ranked[0]?.likeness)) {
      return { ranked: within, reach }
    }
  }
  return { ranked: rank(vectors, keysOf(vectors, question, among ?? everyOf(count)), wanted), reach: null }
}

/**
 * Compares the vectors with the fewest differing signs by their bytes, then all that could be as near as these tell: roughly at
 * first, and closely what could still be. `isAll`: every vector was compared closely.
 */
function closer(
  vectors: PackedVectors,
  question: PackedQuestion,
  { differences, vectorOf, isAll }: BySigns,
  { least, reachOf }: { least: number; reachOf: (keys: Float64Array) => number },
): { first: Float64Array; rest: Float64Array; reach: number; isAll: boolean } {
  const within = (above: number, upTo: number) => {
    const places = placesWithin(differences, above, upTo)
    return vectorOf === undefined ? places : places.map(vectorOf)
  }
  const last = differenceOf(differences, least)
  const first = keysOf(vectors, question, within(-1, last))
  const reach = reachOf(first)
  const near = question.atLeast(vectors, within(last, differenceAt(reach)), reach)
  const rest = keysOf(vectors, question, near)
  return { first, rest, reach, isAll: isAll && first.length + rest.length === differences.length }
}

/** The vectors nearest to a question, whatever entities they are of; cells are not asked. */
export function nearestVectors(vectors: PackedVectors, question: PackedQuestion, count: number): number[] {
  const signs = { differences: question.differences(vectors, 0), vectorOf: undefined, isAll: true }
  const { first, rest } = closer(vectors, question, signs, {
    least: 2 * count,
    reachOf: (keys) => likenessOf(smallest(keys, count).at(-1) ?? 0),
  })
  return Array.from(smallest(joined(first, rest), count), (key) => key % vectorLimit)
}

interface Ranked {
  vector: number
  likeness: number
}

/** Above any number of vectors there can be: what a likeness is multiplied with to be sorted together with its vector. */
const vectorLimit = 2 ** 22

/** One number for the distance and the vector, for numbers are sorted many times faster than objects. */
function keysOf(vectors: PackedVectors, question: PackedQuestion, of: Uint32Array): Float64Array {
  const keys = question.likenesses(vectors, of)
  for (let at = 0; at < keys.length; at += 1) {
    // As a whole number, by cutting off: rounding takes many times as long.
    const distance = Math.max(0, (1 - (keys[at] as number)) * 1e6) | 0
    keys[at] = distance * vectorLimit + (of[at] as number)
  }
  return keys
}

const likenessOf = (key: number) => 1 - Math.floor(key / vectorLimit) / 1e6

/** Entities by their nearest vector, the nearest first; one more than are wanted, when there are. */
function rank(vectors: PackedVectors, keys: Float64Array, wanted: number): Ranked[] {
  const some = entitiesOf(vectors, smallest(keys, 2 * wanted), wanted)
  return some.length > wanted || keys.length <= 2 * wanted
    ? some
    : entitiesOf(vectors, keys.slice().sort(), wanted)
}

function entitiesOf(vectors: PackedVectors, keys: Float64Array, wanted: number): Ranked[] {
  const bytes = Buffer.from(vectors.slabs.buffer())
  const seen = new Set<string>()
  const best: Ranked[] = []
  for (const key of keys) {
    const vector = key % vectorLimit
    const at = idAddress(vectors, vector)
    const id = bytes.toString('latin1', at, at + idBytes)
    if (seen.has(id)) continue
    seen.add(id)
    best.push({ vector, likeness: likenessOf(key) })
    if (best.length > wanted) break
  }
  return best
}

function idsOf(vectors: PackedVectors, ranked: readonly Ranked[]): Uint8Array {
  const bytes = new Uint8Array(vectors.slabs.buffer())
  const ids = new Uint8Array(ranked.length * idBytes)
  for (const [place, { vector }] of ranked.entries()) {
    const at = idAddress(vectors, vector)
    ids.set(bytes.subarray(at, at + idBytes), place * idBytes)
  }
  return ids
}

/** The smallest of these numbers in order. */
function smallest(keys: Float64Array, count: number): Float64Array {
  const kept = keys.slice(0, count).sort()
  // Put in their places one by one they would take the square of the time.
  if (count > 200) return keys.slice().sort().subarray(0, count)
  for (let at = count; at < keys.length; at += 1) {
    const key = keys[at] as number
    if (key >= (kept[count - 1] as number)) continue
    let place = count - 1
    for (; place > 0 && (kept[place - 1] as number) > key; place -= 1) kept[place] = kept[place - 1] as number
    kept[place] = key
  }
  return kept
}

function joined(first: Float64Array, second: Float64Array): Float64Array {
  const both = new Float64Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

function everyOf(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, vector) => vector)
}
