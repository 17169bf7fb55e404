import { vectorDimensions } from '@synap/ai'
import { signBytes, vectorBytes } from './kernel.ts'
import {
  bytesAddress,
  bytesAt,
  type PackedVectors,
  perSlab,
  restAddress,
  restSteps,
  signsAddress,
} from './packed-vectors.ts'
import { questionLength, writeQuestion } from './rotate.ts'
import { listed, type Slabs, scratch } from './slabs.ts'

/** Deviations of what rounding to the rough bytes does to a product, at most. */
const roughDeviations = 5
/** As many slabs' numbers as the kernel has room for. */
const outSlabs = Math.floor((scratch.roughOut - scratch.out) / 2 / perSlab)

/** Vectors that can be compared roughly at once. */
export const mostRoughly = listed

/** A question where the kernel reads it; good until the next one. */
export interface PackedQuestion {
  /** Number of places in which the signs of each vector differ, of those from one on. */
  differences(vectors: PackedVectors, from: number): Uint16Array
  /** The same of these vectors. */
  differencesOf(vectors: PackedVectors, of: Uint32Array): Uint16Array
  /** Of these vectors those whose cosine, as `likenesses` tells it, may be so much, but for chance; some others among them. */
  atLeast(vectors: PackedVectors, of: Uint32Array, least: number): Uint32Array
  /**
   * Cosine of the question and each of these vectors, `mostRoughly` at most, off by `error` at most, but for chance; good until
   * the next rough look. Undefined where that would take long.
   */
  roughly(vectors: PackedVectors, of: Uint32Array): { likenesses: Float32Array; error: number } | undefined
  /** The same of any number, to about three digits. */
  likenesses(vectors: PackedVectors, of: Uint32Array): Float64Array
  /** The same of a few, to about four digits and a half: what the read model's vectors tell, which are rounded too. */
  closeLikenesses(vectors: PackedVectors, of: readonly number[]): Float64Array
}

export function packQuestion(slabs: Slabs, values: Float32Array): PackedQuestion {
  return pack(slabs, values, { isTurned: false })
}

/** The same of one that is turned already. */
export function packRotated(slabs: Slabs, values: Float32Array): PackedQuestion {
  return pack(slabs, values, { isTurned: true })
}

function pack(slabs: Slabs, values: Float32Array, how: { isTurned: boolean }): PackedQuestion {
  const { bytes, roughStep } = writeQuestion(values, how)
  slabs.scratch().question.set(bytes)
  const asking: Asking = { slabs, roughStep }
  return {
    differences: (vectors, from) => differences(asking, vectors, from),
    differencesOf: (vectors, of) => differencesOf(asking, vectors, of),
    atLeast: (vectors, of, least) => atLeast(asking, vectors, { of, least }),
    roughly: (vectors, of) => roughly(asking, vectors, of),
    likenesses: (vectors, of) => likenesses(asking, vectors, of),
    closeLikenesses: (vectors, of) => closeLikenesses(asking, vectors, of),
  }
}

interface Asking {
  slabs: Slabs
  /** A step of the rough question, were it of length 1. */
  roughStep: number
}

function differences({ slabs }: Asking, vectors: PackedVectors, first: number): Uint16Array {
  const { kernel } = slabs
  const { differences: counted } = slabs.scratch()
  const end = vectors.count()
  const found = new Uint16Array(end - first)
  for (let from = first; from < end; ) {
    const begin = from
    for (let slabsLeft = outSlabs; slabsLeft > 0 && from < end; slabsLeft -= 1) {
      const at = from % perSlab
      const count = Math.min(perSlab - at, end - from)
      const rows = (vectors.places[Math.floor(from / perSlab)] as number) + at * signBytes
      kernel.countDifferences(scratch.signs, rows, count, scratch.out + (from - begin) * 2)
      from += count
    }
    found.set(counted.subarray(0, from - begin), begin - first)
  }
  return found
}

function differencesOf({ slabs }: Asking, vectors: PackedVectors, of: Uint32Array): Uint16Array {
  const { list, differences: counted } = slabs.scratch()
  const found = new Uint16Array(of.length)
  for (let from = 0; from < of.length; from += listed) {
    const count = Math.min(listed, of.length - from)
    for (let at = 0; at < count; at += 1) list[at] = signsAddress(vectors, of[from + at] as number)
    slabs.kernel.countListed(scratch.signs, scratch.list, count, scratch.out)
    found.set(counted.subarray(0, count), from)
  }
  return found
}

function atLeast(
  asking: Asking,
  vectors: PackedVectors,
  { of, least }: { of: Uint32Array; least: number },
): Uint32Array {
  if (least === -Infinity) return of
  const found = new Uint32Array(of.length)
  let kept = 0
  for (let from = 0; from < of.length; from += mostRoughly) {
    const some = of.subarray(from, from + mostRoughly)
    const rough = roughly(asking, vectors, some)
    if (rough === undefined) return of
    const { likenesses, error } = rough
    for (let at = 0; at < some.length; at += 1) {
      if ((likenesses[at] as number) >= least - error) found[kept++] = some[at] as number
    }
  }
  return found.subarray(0, kept)
}

const roughError = (roughStep: number) => (roughDeviations * roughStep) / Math.sqrt(12)

function roughly({ slabs, roughStep }: Asking, { places }: PackedVectors, of: Uint32Array) {
  const { kernel } = slabs
  if (kernel.multiplyRoughly === undefined) return undefined
  const { list, rough } = slabs.scratch()
  listBytes(list, places, of, 0)
  kernel.multiplyRoughly(scratch.bytes, scratch.list, of.length, scratch.roughOut)
  return { likenesses: rough, error: roughError(roughStep) }
}

function likenesses({ slabs }: Asking, { places }: PackedVectors, of: Uint32Array): Float64Array {
  const { list, likenesses: some } = slabs.scratch()
  const found = new Float64Array(of.length)
  for (let from = 0; from < of.length; from += listed) {
    const count = listBytes(list, places, of, from)
    slabs.kernel.multiply(scratch.shorts, scratch.list, count, scratch.out)
    found.set(some.subarray(0, count), from)
  }
  return found
}

function closeLikenesses(asking: Asking, vectors: PackedVectors, of: readonly number[]): Float64Array {
  const found = likenesses(asking, vectors, Uint32Array.from(of))
  const { kernel } = asking.slabs
  const { list, products, floats } = asking.slabs.scratch()
  for (let from = 0; from < of.length; from += listed) {
    const count = Math.min(listed, of.length - from)
    for (let at = 0; at < count; at += 1) list[at] = restAddress(vectors, of[from + at] as number)
    kernel.multiplyRests(scratch.shorts, scratch.list, count, scratch.out)
    for (let at = 0; at < count; at += 1) {
      const factor = floats[(bytesAddress(vectors, of[from + at] as number) + vectorDimensions) / 4] as number
      const rest = ((products[at] as number) * factor) / restSteps / questionLength
      found[from + at] = (found[from + at] as number) + rest
    }
  }
  return found
}

/** Lists where the bytes of these vectors lie, from one on, as many as the list holds; answers how many. */
function listBytes(list: Uint32Array, places: readonly number[], of: Uint32Array, from: number): number {
  const count = Math.min(listed, of.length - from)
  // Mostly in order: to divide for each would take longer than the product.
  let [first, end, bytes] = [0, 0, 0]
  for (let at = 0; at < count; at += 1) {
    const vector = of[from + at] as number
    if (vector < first || vector >= end) {
      const slab = Math.floor(vector / perSlab)
      first = slab * perSlab
      end = first + perSlab
      bytes = (places[slab] as number) + bytesAt
    }
    list[at] = bytes + (vector - first) * vectorBytes
  }
  return count
}
