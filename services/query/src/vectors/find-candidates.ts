import { edgeOf, withLikeness } from './by-likeness.ts'
import { differenceAt, differenceOf, placesWithin } from './by-signs.ts'
import type { Chosen } from './chosen.ts'
import { type BySigns, compareSigns } from './near-by-signs.ts'
import { mostRoughly, type PackedQuestion, packQuestion } from './packed-question.ts'
import { idAddress, idBytes, type PackedPassage, type PackedVectors, passagesOf } from './packed-vectors.ts'
import { joined, keysOf, likenessError, likenessOf, type Ranked, rank, smallest, vectorOf } from './rank.ts'
import { vectorsOf } from './vectors-of.ts'

export interface CandidateQuestion {
  values: Float32Array
  /** Entities that are wanted at most. */
  wanted: number
  /** So many of them are the nearest; behind these may be fewer than are wanted. */
  sure: number
  /** As in a search: what is less like the question, or not half as like as the nearest, need not be among them. */
  leastLikeness: number | null
  /** The vectors to choose among; all when left out. */
  among?: Chosen | undefined
}

export interface Candidates {
  /** Ids of entities, 16 bytes each, the nearest first. */
  ids: Uint8Array
  /** What the nearest vector of each is of; to be asked before anything is waited for, after which the memory may be another's. */
  passages: () => PackedPassage[]
  /** How like the question that vector is, as close as memory can tell. */
  likenesses: Float64Array
  /** None that was left out is more like the question by more than `likenessError`, but for chance; null: there is none. */
  beyond: number | null
  /** True: what is beyond was left out for being too unlike, not for want of room. */
  isCut: boolean
}

/** What `Candidates.likenesses` may be wrong by: a sixteenth of `likenessError`, and what rounding the question does. */
export const closeError = 0.0001
/** So many vectors are compared more closely without any other look. */
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
  const least = leastOf(leastLikeness, ranked[0]?.likeness)
  const within = ranked.findIndex(({ likeness }) => likeness < least)
  const kept = within === -1 ? Math.min(ranked.length, wanted) : Math.min(within, wanted)
  const candidates = closely(vectors, question, ranked.slice(0, kept))
  return {
    ids: idsOf(vectors, candidates),
    passages: () =>
      passagesOf(
        vectors,
        candidates.map(({ vector }) => vector),
      ),
    likenesses: Float64Array.from(candidates, ({ likeness }) => likeness),
    beyond: ranked[kept]?.likeness ?? reach,
    isCut: within === -1 ? reach !== null && kept < wanted && reach <= least : within <= wanted,
  }
}

/** The same entities by the closest look there is, at their nearest vector and those about as near. */
function closely(vectors: PackedVectors, question: PackedQuestion, ranked: readonly Ranked[]): OneVector[] {
  const numbers = ranked.flatMap(({ nearest }) => nearest)
  const likenesses = question.closeLikenesses(vectors, numbers)
  let at = 0
  const closest = ranked.map(({ nearest }) => {
    const first = at
    let best = first
    for (at += 1; at < first + nearest.length; at += 1) {
      if ((likenesses[at] as number) > (likenesses[best] as number)) best = at
    }
    return { vector: numbers[best] as number, likeness: likenesses[best] as number }
  })
  return closest.sort((a, b) => b.likeness - a.likeness)
}

/** The passage of an entity's content that is nearest to a question; null: there is none. */
export function nearestPassage(
  vectors: PackedVectors,
  values: Float32Array,
  { id, content }: { id: Uint8Array; content: string },
): { chunk: number; likeness: number } | null {
  const own = Array.from(vectorsOf(vectors, id))
  const passages = passagesOf(vectors, own).flatMap((passage, at) =>
    passage.content === content ? [{ ...passage, vector: own[at] as number }] : [],
  )
  const likenesses = packQuestion(vectors.slabs, values).closeLikenesses(
    vectors,
    passages.map(({ vector }) => vector),
  )
  const best = likenesses.indexOf(Math.max(...likenesses))
  const passage = passages[best]
  return passage === undefined ? null : { chunk: passage.chunk, likeness: likenesses[best] as number }
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
  const count = among?.count ?? vectors.count()
  const numbers = () => among?.numbers() ?? everyOf(count)
  if (count > compared) {
    const how: Closer = {
      least: 2 * wanted,
      reachOf(keys) {
        const some = rank(vectors, keys, sure)
        return Math.max(some[sure - 1]?.likeness ?? -Infinity, leastOf(leastLikeness, some[0]?.likeness))
      },
    }
    const { first, rest, reach, isAll } =
      (count <= mostRoughly ? closerOfFew(vectors, question, numbers(), how) : undefined) ??
      closer(vectors, question, compareSigns(vectors, question, { wanted: sure, among }), how)
    const ranked = rank(vectors, joined(first, rest), wanted)
    if (isAll) return { ranked, reach: null }
    const within = ranked.filter(({ likeness }) => likeness >= reach)
    // The vectors of one long text may be all that is near: then every other has to be looked at.
    if (within.length >= sure || reach <= leastOf(leastLikeness, ranked[0]?.likeness)) {
      return { ranked: within, reach }
    }
  }
  return { ranked: rank(vectors, keysOf(vectors, question, numbers()), wanted), reach: null }
}

interface Closer {
  /** So many are compared closely first. */
  least: number
  /** Of their keys: down to which likeness the others are wanted. */
  reachOf: (keys: Float64Array) => number
}

interface Compared {
  first: Float64Array
  rest: Float64Array
  reach: number
  /** Every vector was compared closely. */
  isAll: boolean
}

/** Compares all roughly, the nearest of them closely, then all that could be as near as these tell. Undefined: it would take long. */
function closerOfFew(
  vectors: PackedVectors,
  question: PackedQuestion,
  of: Uint32Array,
  { least, reachOf }: Closer,
): Compared | undefined {
  const rough = question.roughly(vectors, of)
  if (rough === undefined) return undefined
  const { likenesses, error } = rough
  const edge = edgeOf(likenesses.subarray(0, of.length), least)
  const first = keysOf(vectors, question, withLikeness(of, likenesses, { from: edge, below: Infinity }))
  const reach = reachOf(first)
  const rest = keysOf(vectors, question, withLikeness(of, likenesses, { from: reach - error, below: edge }))
  return { first, rest, reach, isAll: first.length + rest.length === of.length }
}

/**
 * Compares the vectors with the fewest differing signs by their bytes, then all that could be as near as these tell: roughly at
 * first, and closely what could still be. `isAll`: every vector was compared closely.
 */
function closer(
  vectors: PackedVectors,
  question: PackedQuestion,
  { differences, vectorOf, isAll }: BySigns,
  { least, reachOf }: Closer,
): Compared {
  const vectorsWithin = (above: number, upTo: number) => {
    const places = placesWithin(differences, above, upTo)
    return vectorOf === undefined ? places : places.map(vectorOf)
  }
  const last = differenceOf(differences, least)
  const first = keysOf(vectors, question, vectorsWithin(-1, last))
  const reach = reachOf(first)
  const near = question.atLeast(vectors, vectorsWithin(last, differenceAt(reach)), reach)
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
  return Array.from(smallest(joined(first, rest), count), vectorOf)
}

interface OneVector {
  vector: number
  likeness: number
}

function idsOf(vectors: PackedVectors, ranked: readonly OneVector[]): Uint8Array {
  const bytes = vectors.slabs.bytes()
  const ids = new Uint8Array(ranked.length * idBytes)
  for (const [place, { vector }] of ranked.entries()) {
    const at = idAddress(vectors, vector)
    bytes.copy(ids, place * idBytes, at, at + idBytes)
  }
  return ids
}

let every = new Uint32Array()

/** The first numbers; not to be written to. */
function everyOf(count: number): Uint32Array {
  if (every.length < count) every = Uint32Array.from({ length: count * 2 }, (_, vector) => vector)
  return every.subarray(0, count)
}
