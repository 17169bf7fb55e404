import { vectorDimensions } from '@synap/ai'
import { type Cells, middleDifferences, numbersOf, rowsPerSlab } from './cells.ts'
import { signBytes } from './kernel.ts'
import type { PackedQuestion } from './packed-question.ts'
import type { PackedVectors } from './packed-vectors.ts'
import { type Slabs, scratch } from './slabs.ts'

export interface BySigns {
  /** In how many places the signs differ. */
  differences: Uint16Array
  /** Number of the vector that each of them is of; undefined: those of all vectors, in order. */
  vectorOf: ((place: number) => number) | undefined
  /** No vector was left out. */
  isAll: boolean
}

/**
 * The signs of all vectors against a question's; or, for the `wanted` nearest, those of the cells that are nearest; or those of
 * the vectors to choose among.
 */
export function compareSigns(
  packed: PackedVectors,
  question: PackedQuestion,
  { wanted, among }: { wanted: number; among: Uint32Array | undefined },
): BySigns {
  if (among !== undefined) {
    const differences = question.differencesOf(packed, among)
    return { differences, vectorOf: (place) => among[place] as number, isAll: true }
  }
  const cells = packed.cells()
  const share = cells?.shareFor(wanted)
  if (cells === undefined || share === undefined) {
    return { differences: question.differences(packed, 0), vectorOf: undefined, isAll: true }
  }
  const { numbers, differences } = lookInto(packed.slabs, cells, Math.ceil(cells.count * share))
  const since = question.differences(packed, cells.count)
  const all = new Uint16Array(differences.length + since.length)
  all.set(differences)
  all.set(since, differences.length)
  return {
    differences: all,
    vectorOf: (place) => numbers[place] ?? place - numbers.length + cells.count,
    isAll: false,
  }
}

interface Rows {
  numbers: Uint32Array
  differences: Uint16Array
}

/** All vectors of the nearest cells, until they are `least`; the question lies where the kernel reads it. */
function lookInto(slabs: Slabs, cells: Cells, least: number): Rows {
  const near = cellsWith(slabs, cells, least)
  const count = near.reduce((sum, cell) => sum + sizeOf(cells, cell), 0)
  const [numbers, differences] = [new Uint32Array(count), new Uint16Array(count)]
  const { kernel } = slabs
  const buffer = slabs.buffer()
  const { differences: counted } = slabs.scratch()
  let written = 0
  for (const cell of near) {
    const last = cells.starts[cell + 1] as number
    for (let row = cells.starts[cell] as number; row < last; ) {
      const at = row % rowsPerSlab
      const slab = cells.places[Math.floor(row / rowsPerSlab)] as number
      const some = Math.min(rowsPerSlab - at, last - row)
      kernel.countDifferences(scratch.signs, slab + at * signBytes, some, scratch.out)
      differences.set(counted.subarray(0, some), written)
      numbers.set(numbersOf(buffer, slab).subarray(at, at + some), written)
      written += some
      row += some
    }
  }
  return { numbers, differences }
}

const sizes = new Uint32Array(vectorDimensions + 1)

/** The nearest cells, until they have so many vectors; and those that are as near as the last. To sort all would take longer than the look. */
function cellsWith(slabs: Slabs, cells: Cells, least: number): number[] {
  const count = cells.starts.length - 1
  const differences = middleDifferences(slabs, cells.middles, count, scratch.signs)
  sizes.fill(0)
  for (let cell = 0; cell < count; cell += 1) {
    const difference = differences[cell] as number
    sizes[difference] = (sizes[difference] as number) + sizeOf(cells, cell)
  }
  let [last, sum] = [0, sizes[0] as number]
  while (last < vectorDimensions && sum < least) {
    last += 1
    sum += sizes[last] as number
  }
  const near: number[] = []
  for (let cell = 0; cell < count; cell += 1) if ((differences[cell] as number) <= last) near.push(cell)
  return near
}

const cellLimit = 2 ** 16

/** The cells, that with the nearest middle first. */
export function nearestCells(slabs: Slabs, { middles, starts }: Cells): Uint32Array {
  const differences = middleDifferences(slabs, middles, starts.length - 1, scratch.signs)
  const keys = Uint32Array.from(differences, (difference, cell) => difference * cellLimit + cell)
  return keys.sort().map((key) => key % cellLimit)
}

export const sizeOf = ({ starts }: Cells, cell: number): number =>
  (starts[cell + 1] as number) - (starts[cell] as number)
