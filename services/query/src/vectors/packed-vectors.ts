import { vectorDimensions } from '@synap/ai'
import type { Cells } from './cells.ts'
import { signBytes } from './kernel.ts'
import { rotate } from './rotate.ts'
import { type Slabs, slabBytes } from './slabs.ts'

export const idBytes = 16
/** Signs, one byte for each place, what the product of the bytes is multiplied with, their sum, and whose vector it is. */
export const packedBytes = signBytes + vectorDimensions + 4 + 4 + idBytes
export const perSlab = Math.floor(slabBytes / packedBytes)
const bytesAt = perSlab * signBytes
const factorsAt = bytesAt + perSlab * vectorDimensions
const sumsAt = factorsAt + perSlab * 4
const idsAt = sumsAt + perSlab * 4

/** A user's vectors of one model, as small as allows to tell which are near. */
export interface PackedVectors {
  /** False: no memory is left, and nothing was added. `id`: the 16 bytes of the entity's id. `values` are overwritten. */
  add(id: Uint8Array, values: Float32Array): boolean
  count(): number
  /** Gives the memory back; nothing may be asked afterwards. */
  free(): void
  slabs: Slabs
  /** Addresses in order; each but the last is full. */
  places: readonly number[]
  /** The same once more, where they are very many. */
  cells: () => Cells | undefined
  /** In place of those that were there, which are given up. */
  setCells(cells: Cells): void
}

export function createPackedVectors(slabs: Slabs): PackedVectors {
  const places: number[] = []
  let count = 0
  let cells: Cells | undefined
  return {
    slabs,
    places,
    cells: () => cells,
    setCells(made) {
      cells?.free()
      cells = made
    },
    count: () => count,
    add(id, values) {
      const at = count % perSlab
      if (at === 0) {
        const slab = slabs.take()
        if (slab === undefined) return false
        places.push(slab)
      }
      write(slabs.buffer(), { slab: places.at(-1) as number, at }, id, values)
      count += 1
      return true
    },
    free() {
      for (const slab of places.splice(0)) slabs.give(slab)
      count = 0
      cells?.free()
      cells = undefined
    },
  }
}

function write(
  buffer: ArrayBuffer,
  { slab, at }: { slab: number; at: number },
  id: Uint8Array,
  values: Float32Array,
): void {
  rotate(values)
  writeSigns(new Uint8Array(buffer, slab + at * signBytes, signBytes), values)
  const bytes = new Int8Array(buffer, slab + bytesAt + at * vectorDimensions, vectorDimensions)
  const { largest, length } = measure(values)
  const scale = largest === 0 ? 0 : 127 / largest
  let sum = 0
  for (let place = 0; place < vectorDimensions; place += 1) {
    const byte = nearestInteger((values[place] as number) * scale)
    bytes[place] = byte
    sum += byte
  }
  new Float32Array(buffer, slab + factorsAt, perSlab)[at] = length === 0 ? 0 : largest / 127 / length
  new Int32Array(buffer, slab + sumsAt, perSlab)[at] = sum
  new Uint8Array(buffer, slab + idsAt + at * idBytes, idBytes).set(id)
}

/** Of numbers of 16 bits; many times as fast as `Math.round`. */
const nearestInteger = (value: number) => ((value + 32_768.5) | 0) - 32_768

function measure(values: Float32Array): { largest: number; length: number } {
  let largest = 0
  let square = 0
  // By place: an iterator takes many times as long.
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as number
    square += value * value
    if (value > largest) largest = value
    else if (-value > largest) largest = -value
  }
  return { largest, length: Math.sqrt(square) }
}

/** A bit for each number above 0, taken from its own bits: a branch that nobody can foresee takes ten times as long. */
function writeSigns(bits: Uint8Array, values: Float32Array): void {
  const raw = new Int32Array(values.buffer, values.byteOffset, values.length)
  for (let byte = 0; byte < signBytes; byte += 1) {
    let packed = 0
    for (let bit = 0; bit < 8; bit += 1) packed |= (-(raw[byte * 8 + bit] as number) >>> 31) << bit
    bits[byte] = packed
  }
}

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
  /** Cosine of the question and each of these vectors, to about three digits. */
  likenesses(vectors: PackedVectors, of: Uint32Array): Float64Array
}

export function packQuestion(slabs: Slabs, question: Float32Array): PackedQuestion {
  const values = question.slice()
  rotate(values)
  return packRotated(slabs, values)
}

/** The same of one that is turned already. */
export function packRotated(slabs: Slabs, values: Float32Array): PackedQuestion {
  const { scratch, kernel } = slabs
  const buffer = slabs.buffer()
  writeSigns(new Uint8Array(buffer, scratch, signBytes), values)
  const shorts = new Int16Array(buffer, scratch + questionBytesAt, vectorDimensions)
  const rough = new Uint8Array(buffer, scratch + roughAt, vectorDimensions)
  const { largest, length } = measure(values)
  const scale = length === 0 ? 0 : questionLength / length
  const roughScale = largest === 0 ? 0 : roughLargest / largest
  for (let at = 0; at < vectorDimensions; at += 1) {
    const value = values[at] as number
    shorts[at] = nearestInteger(value * scale)
    rough[at] = nearestInteger(value * roughScale) + roughNone
  }
  /** A step of the rough question, of length 1. */
  const roughStep = length === 0 ? 0 : largest / roughLargest / length
  const list = new Uint32Array(buffer, scratch + listAt, listed)
  const products = new Int32Array(buffer, scratch + outAt, listed)
  return {
    differences(vectors, first) {
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
        found.set(new Uint16Array(buffer, scratch + outAt, from - begin), begin - first)
      }
      return found
    },
    differencesOf(vectors, of) {
      const found = new Uint16Array(of.length)
      const counts = new Uint16Array(buffer, scratch + outAt, listed)
      for (let from = 0; from < of.length; from += listed) {
        const count = Math.min(listed, of.length - from)
        for (let at = 0; at < count; at += 1) list[at] = signsAddress(vectors, of[from + at] as number)
        kernel.countListed(scratch, scratch + listAt, count, scratch + outAt)
        found.set(counts.subarray(0, count), from)
      }
      return found
    },
    atLeast({ places }, of, least) {
      if (kernel.multiplyRoughly === undefined || least === -Infinity) return of
      const limit = least - (roughDeviations * roughStep) / Math.sqrt(12)
      const found = new Uint32Array(of.length)
      const [factors, sums] = [new Float32Array(buffer), new Int32Array(buffer)]
      let kept = 0
      for (let from = 0; from < of.length; from += listed) {
        const count = listBytes(list, places, of, from)
        kernel.multiplyRoughly(scratch + roughAt, scratch + listAt, count, scratch + outAt)
        for (let at = 0; at < count; at += 1) {
          const factor = factorIndex(list[at] as number)
          const product = (products[at] as number) - roughNone * (sums[factor + sumsBehind] as number)
          if (product * (factors[factor] as number) * roughStep < limit) continue
          found[kept] = of[from + at] as number
          kept += 1
        }
      }
      return found.subarray(0, kept)
    },
    likenesses({ places }, of) {
      const found = new Float64Array(of.length)
      const factors = new Float32Array(buffer)
      for (let from = 0; from < of.length; from += listed) {
        const count = listBytes(list, places, of, from)
        kernel.multiply(scratch + questionBytesAt, scratch + listAt, count, scratch + outAt)
        for (let at = 0; at < count; at += 1) {
          const factor = factors[factorIndex(list[at] as number)] as number
          found[from + at] = ((products[at] as number) * factor) / questionLength
        }
      }
      return found
    },
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

/** Where the 16 bytes of the id of a vector's entity lie. */
export function idAddress({ places }: PackedVectors, vector: number): number {
  return (places[Math.floor(vector / perSlab)] as number) + idsAt + (vector % perSlab) * idBytes
}

/** Where the signs of a vector lie. */
export function signsAddress({ places }: PackedVectors, vector: number): number {
  return (places[Math.floor(vector / perSlab)] as number) + (vector % perSlab) * signBytes
}

/** A vector as it was packed, of any length. */
export function unpack({ places, slabs }: PackedVectors, vector: number): Float32Array {
  const at =
    (places[Math.floor(vector / perSlab)] as number) + bytesAt + (vector % perSlab) * vectorDimensions
  return Float32Array.from(new Int8Array(slabs.buffer(), at, vectorDimensions))
}
