import { vectorDimensions } from '@synap/ai'
import { differenceOf } from './by-signs.ts'
import { type Cells, middleDifferences, numbersOf, rowsPerSlab } from './cells.ts'
import { type Chosen, placesOf } from './chosen.ts'
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
  { wanted, among }: { wanted: number; among: Chosen | undefined },
): BySigns {
  const cells = packed.cells()
  if (among !== undefined) {
    return (
      (cells && signsAmong(packed, question, { cells, wanted, among })) ?? signsOf(packed, question, among)
    )
  }
  const share = cells?.shareFor(wanted)
  if (cells === undefined || share === undefined) {
    return { differences: question.differences(packed, 0), vectorOf: undefined, isAll: true }
  }
  const { numbers, differences } = lookInto(packed, question, cells, share)
  return { differences, vectorOf: (place) => numbers[place] as number, isAll: false }
}

function signsOf(packed: PackedVectors, question: PackedQuestion, among: Chosen): BySigns {
  const numbers = among.numbers()
  const differences = question.differencesOf(packed, numbers)
  return { differences, vectorOf: (place) => numbers[place] as number, isAll: true }
}

/** So many times as many neighbours as have as many chosen ones among them on the average: hardly ever too few. */
const spareShare = 1.6

/**
 * Of the cells that have the nearest of all, those that were chosen, once as many of these nearest were as are wanted. Undefined: to
 * look at each that was chosen takes no longer, or none lies near.
 */
function signsAmong(
  packed: PackedVectors,
  question: PackedQuestion,
  { cells, wanted, among }: { cells: Cells; wanted: number; among: Chosen },
): BySigns | undefined {
  const { count, bits } = among
  if (bits === undefined) return undefined
  for (let depth = Math.ceil((wanted * packed.count() * spareShare) / count); ; depth *= 2) {
    const share = cells.shareFor(depth)
    if (share === undefined || share * cells.count >= count) return undefined
    const { numbers, differences } = lookInto(packed, question, cells, share)
    const places = placesOf(bits, numbers)
    const chosen = new Uint16Array(places.length)
    const edge = differenceOf(differences, depth)
    let near = 0
    for (let at = 0; at < places.length; at += 1) {
      const difference = differences[places[at] as number] as number
      chosen[at] = difference
      if (difference <= edge) near += 1
    }
    if (near >= wanted) {
      const vectorOf = (place: number) => numbers[places[place] as number] as number
      return { differences: chosen, vectorOf, isAll: false }
    }
  }
}

interface Rows {
  numbers: Uint32Array
  differences: Uint16Array
}

/** The vectors of the nearest cells, until they are such a share, and those that came since; the question lies where the kernel reads it. */
function lookInto(packed: PackedVectors, question: PackedQuestion, cells: Cells, share: number): Rows {
  const { slabs } = packed
  const near = cellsWith(slabs, cells, Math.ceil(cells.count * share))
  const inCells = near.reduce((sum, cell) => sum + sizeOf(cells, cell), 0)
  const since = question.differences(packed, cells.count)
  const [numbers, differences] = [
    new Uint32Array(inCells + since.length),
    new Uint16Array(inCells + since.length),
  ]
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
  differences.set(since, inCells)
  for (let at = 0; at < since.length; at += 1) numbers[inCells + at] = cells.count + at
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
