import { vectorDimensions } from '@synap/ai'
import { signBytes } from './kernel.ts'
import { measure, nearestInteger, writeSigns } from './numbers.ts'
import {
  bytesAt,
  factorAddress,
  factorsAt,
  type PackedVectors,
  perSlab,
  restAddress,
  restSteps,
  signsAddress,
  sumsAt,
} from './packed-vectors.ts'
import { rotate } from './rotate.ts'
import { type Slabs, slabBytes } from './slabs.ts'

const questionBytesAt = 256
/** Addresses for the kernel, and what it writes. */
const listAt = 4_096
const listed = 1_024
const outAt = listAt + listed * 4
/** The question once more, in bytes from 0 to 127, 64 being none. */
const roughAt = slabBytes - vectorDimensions
const roughNone = 64
const roughLargest = 63
/** Deviations of what rounding to these bytes does to a product, at most. */
const roughDeviations = 5
/** As many slabs' numbers as fit between. */
const outSlabs = Math.floor((roughAt - outAt) / 2 / perSlab)
/** Of the question: as long as fits 16 bits. The sum of 1536 products with bytes stays below 2^31. */
const questionLength = 32_767

/** A question where the kernel reads it; good until the next one. */
export interface PackedQuestion {
  /** Number of places in which the signs of each vector differ, of those from one on. */
  differences(vectors: PackedVectors, from: number): Uint16Array
  /** The same of these vectors. */
  differencesOf(vectors: PackedVectors, of: Uint32Array): Uint16Array
  /** Of these vectors those whose cosine, as `likenesses` tells it, may be so much, but for chance; some others among them. */
  atLeast(vectors: PackedVectors, of: Uint32Array, least: number): Uint32Array
  /** One less the cosine of each of these vectors, off by `error` at most, but for chance; undefined where that would take long. */
  roughly(vectors: PackedVectors, of: Uint32Array): { distances: Float64Array; error: number } | undefined
  /** Cosine of the question and each of these vectors, to about three digits. */
  likenesses(vectors: PackedVectors, of: Uint32Array): Float64Array
  /** The same of a few, to about four digits and a half: what the read model's vectors tell, which are rounded too. */
  closeLikenesses(vectors: PackedVectors, of: readonly number[]): Float64Array
}

export function packQuestion(slabs: Slabs, question: Float32Array): PackedQuestion {
  const values = question.slice()
  rotate(values)
  return packRotated(slabs, values)
}

/** The same of one that is turned already. */
export function packRotated(slabs: Slabs, values: Float32Array): PackedQuestion {
  const asking: Asking = { slabs, roughStep: writeQuestion(slabs, values) }
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

/** Writes a question where the kernel reads it; answers what a step of the rough one is. */
function writeQuestion(slabs: Slabs, values: Float32Array): number {
  const { scratch } = slabs
  const memory = slabs.buffer()
  writeSigns(new Uint8Array(memory, scratch, signBytes), values)
  const shorts = new Int16Array(memory, scratch + questionBytesAt, vectorDimensions)
  const rough = new Uint8Array(memory, scratch + roughAt, vectorDimensions)
  const { largest, length } = measure(values)
  const scale = length === 0 ? 0 : questionLength / length
  const roughScale = largest === 0 ? 0 : roughLargest / largest
  for (let at = 0; at < vectorDimensions; at += 1) {
    const value = values[at] as number
    shorts[at] = nearestInteger(value * scale)
    rough[at] = nearestInteger(value * roughScale) + roughNone
  }
  return length === 0 ? 0 : largest / roughLargest / length
}

function differences({ slabs }: Asking, vectors: PackedVectors, first: number): Uint16Array {
  const { kernel, scratch } = slabs
  const end = vectors.count()
  const found = new Uint16Array(end - first)
  for (let from = first; from < end; ) {
    const begin = from
    for (let slabsLeft = outSlabs; slabsLeft > 0 && from < end; slabsLeft -= 1) {
      const at = from % perSlab
      const count = Math.min(perSlab - at, end - from)
      const rows = (vectors.places[Math.floor(from / perSlab)] as number) + at * signBytes
      kernel.countDifferences(scratch, rows, count, scratch + outAt + (from - begin) * 2)
      from += count
    }
    found.set(new Uint16Array(slabs.buffer(), scratch + outAt, from - begin), begin - first)
  }
  return found
}

function differencesOf({ slabs }: Asking, vectors: PackedVectors, of: Uint32Array): Uint16Array {
  const { kernel, scratch } = slabs
  const found = new Uint16Array(of.length)
  const list = new Uint32Array(slabs.buffer(), scratch + listAt, listed)
  const counts = new Uint16Array(slabs.buffer(), scratch + outAt, listed)
  for (let from = 0; from < of.length; from += listed) {
    const count = Math.min(listed, of.length - from)
    for (let at = 0; at < count; at += 1) list[at] = signsAddress(vectors, of[from + at] as number)
    kernel.countListed(scratch, scratch + listAt, count, scratch + outAt)
    found.set(counts.subarray(0, count), from)
  }
  return found
}

function atLeast(
  asking: Asking,
  vectors: PackedVectors,
  { of, least }: { of: Uint32Array; least: number },
): Uint32Array {
  const rough = least === -Infinity ? undefined : roughly(asking, vectors, of)
  if (rough === undefined) return of
  const { distances, error } = rough
  const furthest = 1 - least + error
  const found = new Uint32Array(of.length)
  let kept = 0
  for (let at = 0; at < of.length; at += 1) {
    if ((distances[at] as number) <= furthest) found[kept++] = of[at] as number
  }
  return found.subarray(0, kept)
}

const roughError = (roughStep: number) => (roughDeviations * roughStep) / Math.sqrt(12)

function roughly({ slabs, roughStep }: Asking, { places }: PackedVectors, of: Uint32Array) {
  const { kernel, scratch } = slabs
  if (kernel.multiplyRoughly === undefined) return undefined
  const { list, products, factors } = viewsOf(slabs)
  const sums = new Int32Array(slabs.buffer())
  const found = new Float64Array(of.length)
  for (let from = 0; from < of.length; from += listed) {
    const count = listBytes(list, places, of, from)
    kernel.multiplyRoughly(scratch + roughAt, scratch + listAt, count, scratch + outAt)
    let [first, end, factor] = [0, 0, 0]
    for (let at = 0; at < count; at += 1) {
      const vector = of[from + at] as number
      if (vector < first || vector >= end) {
        const slab = Math.floor(vector / perSlab)
        first = slab * perSlab
        end = first + perSlab
        factor = ((places[slab] as number) + factorsAt) / 4
      }
      const own = factor + vector - first
      const product = (products[at] as number) - roughNone * (sums[own + sumsBehind] as number)
      found[from + at] = 1 - product * (factors[own] as number) * roughStep
    }
  }
  return { distances: found, error: roughError(roughStep) }
}

function likenesses({ slabs }: Asking, { places }: PackedVectors, of: Uint32Array): Float64Array {
  const { kernel, scratch } = slabs
  const { list, products, factors } = viewsOf(slabs)
  const found = new Float64Array(of.length)
  for (let from = 0; from < of.length; from += listed) {
    const count = listBytes(list, places, of, from)
    kernel.multiply(scratch + questionBytesAt, scratch + listAt, count, scratch + outAt)
    for (let at = 0; at < count; at += 1) {
      const factor = factors[factorIndex(list[at] as number)] as number
      found[from + at] = ((products[at] as number) * factor) / questionLength
    }
  }
  return found
}

function closeLikenesses(asking: Asking, vectors: PackedVectors, of: readonly number[]): Float64Array {
  const found = likenesses(asking, vectors, Uint32Array.from(of))
  const { slabs } = asking
  const { kernel, scratch } = slabs
  const { list, products, factors } = viewsOf(slabs)
  for (let from = 0; from < of.length; from += listed) {
    const count = Math.min(listed, of.length - from)
    for (let at = 0; at < count; at += 1) list[at] = restAddress(vectors, of[from + at] as number)
    kernel.multiplyRests(scratch + questionBytesAt, scratch + listAt, count, scratch + outAt)
    for (let at = 0; at < count; at += 1) {
      const factor = factors[factorAddress(vectors, of[from + at] as number) / 4] as number
      const rest = ((products[at] as number) * factor) / restSteps / questionLength
      found[from + at] = (found[from + at] as number) + rest
    }
  }
  return found
}

function viewsOf(slabs: Slabs) {
  const memory = slabs.buffer()
  return {
    list: new Uint32Array(memory, slabs.scratch + listAt, listed),
    products: new Int32Array(memory, slabs.scratch + outAt, listed),
    factors: new Float32Array(memory),
  }
}

/** From the factor of a vector to the sum of its bytes, both four bytes. */
const sumsBehind = (sumsAt - factorsAt) / 4

/** Which of all numbers of four bytes is the factor of the vector whose bytes lie there: slabs lie at multiples of their size. */
function factorIndex(address: number): number {
  const inSlab = address & (slabBytes - 1)
  return (address - inSlab + factorsAt) / 4 + (inSlab - bytesAt) / vectorDimensions
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
    list[at] = bytes + (vector - first) * vectorDimensions
  }
  return count
}
