import { vectorDimensions } from '@synap/ai'
import type { Cells } from './cells.ts'
import { restBytes, signBytes, vectorBytes } from './kernel.ts'
import { measure, nearestInteger, writeSigns } from './numbers.ts'
import { rotate } from './rotate.ts'
import { type Slabs, slabBytes } from './slabs.ts'

export const idBytes = 16
/** Letters of the hash of a content that are kept: enough to tell the contents of one entity apart. */
export const contentLetters = 12
/**
 * Signs; bytes, and behind them what their product is multiplied with, their sum, and which chunk it is; four bits more for each
 * place; whose vector it is, and of which content.
 */
export const packedBytes = signBytes + vectorBytes + restBytes + idBytes + contentLetters
export const perSlab = Math.floor(slabBytes / packedBytes)
export const bytesAt = perSlab * signBytes
const restsAt = bytesAt + perSlab * vectorBytes
const idsAt = restsAt + perSlab * restBytes
const contentsAt = idsAt + perSlab * idBytes
/** Behind the bytes of a vector. */
const [factorAt, sumAt, chunkAt] = [0, 4, 8]
/** A step of the bytes is so many of the four bits. */
export const restSteps = 16

/** What a vector is of. */
export interface PackedPassage {
  /** The first letters of the content's SHA-256. */
  content: string
  /** Of the entity's text. */
  chunk: number
}

export interface VectorToPack extends PackedPassage {
  /** The 16 bytes of the entity's id. */
  id: Uint8Array
  /** Overwritten. */
  values: Float32Array
}

/** A user's vectors of one model, as small as allows to tell which are near. */
export interface PackedVectors {
  /** False: no memory is left, and nothing was added. */
  add(vector: VectorToPack): boolean
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
    add(vector) {
      const at = count % perSlab
      if (at === 0) {
        const slab = slabs.take()
        if (slab === undefined) return false
        places.push(slab)
      }
      write(slabs.buffer(), { slab: places.at(-1) as number, at }, vector)
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
  { id, content, chunk, values }: VectorToPack,
): void {
  rotate(values)
  writeSigns(new Uint8Array(buffer, slab + at * signBytes, signBytes), values)
  const { largest, length } = measure(values)
  const scale = largest === 0 ? 0 : 127 / largest
  const bytes = new Int8Array(buffer, slab + bytesAt + at * vectorBytes, vectorDimensions)
  let sum = 0
  for (let place = 0; place < vectorDimensions; place += 1) {
    const scaled = (values[place] as number) * scale
    const byte = nearestInteger(scaled)
    bytes[place] = byte
    sum += byte
    values[place] = scaled - byte
  }
  writeRest(new Uint8Array(buffer, slab + restsAt + at * restBytes, restBytes), values)
  const behind = new DataView(buffer, bytes.byteOffset + vectorDimensions)
  behind.setFloat32(factorAt, length === 0 ? 0 : largest / 127 / length, true)
  behind.setInt32(sumAt, sum, true)
  behind.setInt32(chunkAt, chunk, true)
  new Uint8Array(buffer, slab + idsAt + at * idBytes, idBytes).set(id)
  Buffer.from(buffer, slab + contentsAt + at * contentLetters, contentLetters)
    .fill(0)
    .write(content, 'latin1')
}

/** What rounding left over of each place, -0.5 to 0.5: as the kernel reads it. */
function writeRest(bytes: Uint8Array, left: Float32Array): void {
  const four = (place: number) => Math.min(7, nearestInteger((left[place] as number) * restSteps)) & 15
  for (let at = 0; at < restBytes; at += 1) {
    const place = (at & ~15) * 2 + (at & 15)
    bytes[at] = four(place) | (four(place + 16) << 4)
  }
}

/** Where the 16 bytes of the id of a vector's entity lie. */
export function idAddress({ places }: PackedVectors, vector: number): number {
  return (places[Math.floor(vector / perSlab)] as number) + idsAt + (vector % perSlab) * idBytes
}

/** What each of these vectors is of. */
export function passagesOf({ places, slabs }: PackedVectors, of: readonly number[]): PackedPassage[] {
  const bytes = slabs.bytes()
  return of.map((vector) => {
    const slab = places[Math.floor(vector / perSlab)] as number
    const at = vector % perSlab
    const from = slab + contentsAt + at * contentLetters
    const letters = bytes.toString('latin1', from, from + contentLetters)
    const end = letters.indexOf('\0')
    return {
      content: end === -1 ? letters : letters.slice(0, end),
      chunk: bytes.readInt32LE(slab + bytesAt + at * vectorBytes + vectorDimensions + chunkAt),
    }
  })
}

/** Where the bytes of a vector lie. */
export function bytesAddress({ places }: PackedVectors, vector: number): number {
  return (places[Math.floor(vector / perSlab)] as number) + bytesAt + (vector % perSlab) * vectorBytes
}

/** Where what rounding left over of a vector lies. */
export function restAddress({ places }: PackedVectors, vector: number): number {
  return (places[Math.floor(vector / perSlab)] as number) + restsAt + (vector % perSlab) * restBytes
}

/** Where the signs of a vector lie. */
export function signsAddress({ places }: PackedVectors, vector: number): number {
  return (places[Math.floor(vector / perSlab)] as number) + (vector % perSlab) * signBytes
}

/** A vector as it was packed, of any length. */
export function unpack(vectors: PackedVectors, vector: number): Float32Array {
  const bytes = new Int8Array(vectors.slabs.buffer(), bytesAddress(vectors, vector), vectorDimensions)
  return Float32Array.from(bytes)
}
