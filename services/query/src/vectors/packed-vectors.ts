import { vectorDimensions } from '@synap/ai'
import type { Cells } from './cells.ts'
import { signBytes } from './kernel.ts'
import { measure, nearestInteger, writeSigns } from './numbers.ts'
import { rotate } from './rotate.ts'
import { type Slabs, slabBytes } from './slabs.ts'

export const idBytes = 16
/** Signs, one byte for each place, what the product of the bytes is multiplied with, their sum, and whose vector it is. */
export const packedBytes = signBytes + vectorDimensions + 4 + 4 + idBytes
export const perSlab = Math.floor(slabBytes / packedBytes)
export const bytesAt = perSlab * signBytes
export const factorsAt = bytesAt + perSlab * vectorDimensions
export const sumsAt = factorsAt + perSlab * 4
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
