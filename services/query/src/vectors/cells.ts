import { setImmediate as turn } from 'node:timers/promises'
import { signBytes } from './kernel.ts'
import { type PackedVectors, signsAddress } from './packed-vectors.ts'
import { type Slabs, scratch, slabBytes } from './slabs.ts'

/** Signs of a vector, and its number. */
const rowBytes = signBytes + 4
export const rowsPerSlab = Math.floor(slabBytes / rowBytes)
const numbersAt = rowsPerSlab * signBytes
/** Cells for the root of the number of vectors: where topics are more than cells, some of them share one and others fall into two. */
const cellsPerRoot = 3
/** Rounds in which the middles of the cells find their places. */
const rounds = 4
/** Vectors of each cell that are looked at for that. */
const sampled = 48
/** Work between two turns of everything else, in vectors. */
const atOnce = 512

/**
 * A user's vectors once more, as signs only, in cells of those that are near each other. A question looks into the cells whose
 * middles are nearest to it, and not at all vectors.
 */
export interface Cells {
  /** Vectors that are in cells: the first so many. */
  count: number
  /** Addresses of slabs with rows of signs, and behind them the numbers of the vectors; rows of a cell follow each other. */
  places: readonly number[]
  /** Row that each cell begins with; one more is the end. */
  starts: Uint32Array
  /** Addresses of the slabs with the signs of the middles. */
  middles: readonly number[]
  /** Share of the vectors to look at for so many neighbours; undefined: all. */
  shareFor(wanted: number): number | undefined
  free(): void
}

export const middlesPerSlab = Math.floor(slabBytes / signBytes)

export interface CellsMade {
  cells: Cells
  /** The cell of each vector. */
  cellOf: Uint16Array
}

/**
 * Puts vectors into cells, by k-means on their signs, three times as many as is the root of their number; in slices, so that nothing waits
 * for long. Undefined: there is no memory for it, or the vectors are gone or others meanwhile.
 */
export async function createCells(
  vectors: PackedVectors,
  signal: AbortSignal,
): Promise<CellsMade | undefined> {
  const { slabs } = vectors
  const count = vectors.count()
  const cells = Math.round(Math.sqrt(count) * cellsPerRoot)
  const isThere = () => !signal.aborted && vectors.count() === count
  const taken: number[] = []
  const take = (slabsWanted: number) => {
    const own = Array.from({ length: slabsWanted }, () => slabs.take())
    taken.push(...own.filter((slab) => slab !== undefined))
    return own.includes(undefined) ? undefined : (own as number[])
  }
  const free = () => {
    for (const slab of taken.splice(0)) slabs.give(slab)
  }
  const middles = take(Math.ceil(cells / middlesPerSlab))
  const places = take(Math.ceil(count / rowsPerSlab))
  if (middles === undefined || places === undefined) {
    free()
    return undefined
  }
  try {
    const cellOf = await findMiddles({ vectors, middles, cells, count, isThere })
    const starts = cellOf && (await writeRows({ vectors, places, cellOf, cells, isThere }))
    if (cellOf === undefined || starts === undefined) {
      free()
      return undefined
    }
    return { cells: { count, places, starts, middles, shareFor: () => undefined, free }, cellOf }
  } catch (error) {
    free()
    throw error
  }
}

interface Making {
  vectors: PackedVectors
  middles: readonly number[]
  cells: number
  count: number
  /** False: the vectors are gone, or more than they were. */
  isThere: () => boolean
}

/** The cell of each vector. */
async function findMiddles(making: Making): Promise<Uint16Array | undefined> {
  const { vectors, middles, cells, count } = making
  const step = Math.max(1, Math.floor(count / (cells * sampled)))
  const memory = () => new Uint8Array(vectors.slabs.buffer())
  for (let cell = 0; cell < cells; cell += 1) {
    const from = signsAddress(vectors, Math.floor(((cell + 0.5) * count) / cells))
    memory().copyWithin(middleAddress(middles, cell), from, from + signBytes)
  }
  for (let round = 0; round < rounds; round += 1) {
    const sums = new Int32Array(cells * signBytes * 8)
    const sizes = new Int32Array(cells)
    const add = (vector: number, cell: number) => {
      sizes[cell] = (sizes[cell] as number) + 1
      countBits(memory(), signsAddress(vectors, vector), sums, cell * signBytes * 8)
    }
    if (!(await assign(making, step, add))) return undefined
    for (let cell = 0; cell < cells; cell += 1) {
      if ((sizes[cell] as number) === 0) continue
      writeMajority(memory(), middleAddress(middles, cell), sums, cell, sizes[cell] as number)
    }
  }
  const nearest = new Uint16Array(count)
  const isDone = await assign(making, 1, (vector, cell) => (nearest[vector] = cell))
  return isDone ? nearest : undefined
}

async function assign(
  { vectors, middles, cells, count, isThere }: Making,
  step: number,
  take: (vector: number, cell: number) => void,
): Promise<boolean> {
  for (let vector = 0, done = 0; vector < count; vector += step, done += 1) {
    if (done % atOnce === 0) await turn()
    if (!isThere()) return false
    take(vector, nearestMiddle(vectors.slabs, middles, cells, signsAddress(vectors, vector)))
  }
  return true
}

function countBits(memory: Uint8Array, from: number, sums: Int32Array, to: number): void {
  for (let byte = 0; byte < signBytes; byte += 1) {
    const packed = memory[from + byte] as number
    for (let bit = 0; bit < 8; bit += 1) {
      const at = to + byte * 8 + bit
      sums[at] = (sums[at] as number) + ((packed >> bit) & 1)
    }
  }
}

function nearestMiddle(slabs: Slabs, middles: readonly number[], cells: number, signs: number): number {
  const differences = middleDifferences(slabs, middles, cells, signs)
  let best = 0
  for (let cell = 1; cell < cells; cell += 1) {
    if ((differences[cell] as number) < (differences[best] as number)) best = cell
  }
  return best
}

/** In how many places the signs at an address differ from the middle of each cell; good until the kernel is asked again. */
export function middleDifferences(
  slabs: Slabs,
  middles: readonly number[],
  cells: number,
  signs: number,
): Uint16Array {
  for (const [at, slab] of middles.entries()) {
    const from = at * middlesPerSlab
    const count = Math.min(middlesPerSlab, cells - from)
    slabs.kernel.countDifferences(signs, slab, count, scratch.out + from * 2)
  }
  // All fit: there are no more than a few times the root of what memory holds.
  return slabs.scratch().differences.subarray(0, cells)
}

function middleAddress(middles: readonly number[], cell: number): number {
  return (middles[Math.floor(cell / middlesPerSlab)] as number) + (cell % middlesPerSlab) * signBytes
}

function writeMajority(memory: Uint8Array, at: number, sums: Int32Array, cell: number, size: number): void {
  for (let byte = 0; byte < signBytes; byte += 1) {
    let packed = 0
    for (let bit = 0; bit < 8; bit += 1) {
      if ((sums[(cell * signBytes + byte) * 8 + bit] as number) * 2 > size) packed |= 1 << bit
    }
    memory[at + byte] = packed
  }
}

async function writeRows({
  vectors,
  places,
  cellOf,
  cells,
  isThere,
}: Pick<Making, 'vectors' | 'cells' | 'isThere'> & {
  places: readonly number[]
  cellOf: Uint16Array
}): Promise<Uint32Array | undefined> {
  const starts = new Uint32Array(cells + 1)
  for (const cell of cellOf) starts[cell + 1] = (starts[cell + 1] as number) + 1
  for (let cell = 0; cell < cells; cell += 1) {
    starts[cell + 1] = (starts[cell + 1] as number) + (starts[cell] as number)
  }
  const next = starts.slice()
  for (let vector = 0; vector < cellOf.length; vector += 1) {
    if (vector % atOnce === 0) await turn()
    if (!isThere()) return undefined
    const cell = cellOf[vector] as number
    const row = next[cell] as number
    next[cell] = row + 1
    const slab = places[Math.floor(row / rowsPerSlab)] as number
    const buffer = vectors.slabs.buffer()
    const from = signsAddress(vectors, vector)
    new Uint8Array(buffer).copyWithin(slab + (row % rowsPerSlab) * signBytes, from, from + signBytes)
    numbersOf(buffer, slab)[row % rowsPerSlab] = vector
  }
  return starts
}

/** Numbers of the vectors in the rows of a slab of cells. */
export function numbersOf(buffer: ArrayBuffer, slab: number): Uint32Array {
  return new Uint32Array(buffer, slab + numbersAt, rowsPerSlab)
}
