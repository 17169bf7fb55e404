import { vectorDimensions } from '@synap/ai'
import { entityOf, type PackedQuestion, type PackedVectors, packQuestion } from './packed-vectors.ts'

export interface CandidateQuestion {
  values: Float32Array
  /** Entities that are wanted; of more, the nearest. */
  wanted: number
  /** As in a search: what is less like the question, or not half as like as the nearest, need not be among them. */
  leastLikeness: number | null
}

export interface Candidates {
  /** Ids of entities, the nearest first. */
  entities: readonly string[]
  /** Likeness of the nearest of them, and of the nearest of those that were left out; null: there is none. */
  nearest: number | null
  beyond: number | null
  /** True: what is beyond was left out for being too unlike, not for want of room. */
  isCut: boolean
}

/** So many vectors are compared more closely without a look at their signs. */
const compared = 1_024
/** What likenesses may be wrong by here, and more: those of bytes are right to about three digits. */
export const likenessError = 0.002

/**
 * The entities that may be the nearest to a question. The number of signs that differ says how far two vectors are apart, but
 * for an error that is known: it is that of 1536 tosses of a coin. All vectors that could, within three deviations, be as
 * near as the `wanted` nearest, are compared by their bytes.
 */
export function findCandidates(
  vectors: PackedVectors,
  { values, wanted, leastLikeness }: CandidateQuestion,
): Candidates {
  const question = packQuestion(vectors.slabs, values)
  const count = vectors.count()
  const near = count <= compared ? undefined : nearBySigns(question.differences(vectors), wanted, count)
  let ranked = rank(vectors, question, near ?? everyOf(count), wanted)
  // The vectors of one long text may be all that is near: then every other has to be looked at.
  if (near !== undefined && ranked.length <= wanted) ranked = rank(vectors, question, everyOf(count), wanted)
  const nearest = ranked[0]?.likeness ?? null
  const least =
    leastLikeness === null || nearest === null
      ? -Infinity
      : Math.max(leastLikeness, nearest / 2) - likenessError
  const within = ranked.findIndex(({ likeness }) => likeness < least)
  const kept = within === -1 ? Math.min(ranked.length, wanted) : Math.min(within, wanted)
  return {
    entities: ranked.slice(0, kept).map(({ id }) => id),
    nearest,
    beyond: ranked[kept]?.likeness ?? null,
    isCut: within !== -1 && within <= wanted,
  }
}

/** Vectors that may be among the nearest by their signs. */
function nearBySigns(differences: Uint16Array, wanted: number, count: number): Uint32Array {
  const histogram = new Uint32Array(vectorDimensions + 1)
  for (let at = 0; at < count; at += 1) {
    const of = differences[at] as number
    histogram[of] = (histogram[of] as number) + 1
  }
  const upTo = (least: number) => {
    let sum = 0
    for (let of = 0; of <= vectorDimensions; of += 1) {
      sum += histogram[of] as number
      if (sum >= least) return of
    }
    return vectorDimensions
  }
  const last = upTo(wanted)
  const share = last / vectorDimensions
  const error = 3 * Math.sqrt(2 * vectorDimensions * share * (1 - share))
  const most = Math.max(compared, wanted * 4, Math.ceil(count / 32))
  const limit = Math.max(last, Math.min(last + error, upTo(most)))
  const near = new Uint32Array(count)
  let found = 0
  for (let vector = 0; vector < count; vector += 1) {
    if ((differences[vector] as number) > limit) continue
    near[found] = vector
    found += 1
  }
  return near.subarray(0, found)
}

interface Ranked {
  id: string
  likeness: number
}

/** Above any number of vectors there can be: what a likeness is multiplied with to be sorted together with its vector. */
const vectorLimit = 2 ** 22

/** Entities by their nearest vector, the nearest first; one more than are wanted, when there are. */
function rank(vectors: PackedVectors, question: PackedQuestion, of: Uint32Array, wanted: number): Ranked[] {
  const keys = new Float64Array(of.length)
  for (let at = 0; at < of.length; at += 1) {
    const vector = of[at] as number
    // One number of both, for numbers are sorted many times faster than objects.
    const distance = Math.max(0, Math.round((1 - question.likeness(vectors, vector)) * 1e6))
    keys[at] = distance * vectorLimit + vector
  }
  const some = entitiesOf(vectors, smallest(keys, 2 * wanted), wanted)
  return some.length > wanted || keys.length <= 2 * wanted ? some : entitiesOf(vectors, keys.sort(), wanted)
}

function entitiesOf(vectors: PackedVectors, keys: Float64Array, wanted: number): Ranked[] {
  const best = new Map<string, number>()
  for (const key of keys) {
    const id = entityOf(vectors, key % vectorLimit)
    if (!best.has(id)) best.set(id, 1 - Math.floor(key / vectorLimit) / 1e6)
    if (best.size > wanted) break
  }
  return Array.from(best, ([id, likeness]) => ({ id, likeness }))
}

/** The smallest of these numbers in order. */
function smallest(keys: Float64Array, most: number): Float64Array {
  const kept = keys.slice(0, most).sort()
  for (let at = most; at < keys.length; at += 1) {
    const key = keys[at] as number
    if (key >= (kept[most - 1] as number)) continue
    let place = most - 1
    for (; place > 0 && (kept[place - 1] as number) > key; place -= 1) kept[place] = kept[place - 1] as number
    kept[place] = key
  }
  return kept
}

function everyOf(count: number): Uint32Array {
  const every = new Uint32Array(count)
  for (let vector = 0; vector < count; vector += 1) every[vector] = vector
  return every
}
