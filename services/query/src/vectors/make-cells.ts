import { setImmediate as turn } from 'node:timers/promises'
import { type CellsMade, createCells } from './cells.ts'
import { nearestVectors } from './find-candidates.ts'
import { nearestCells, sizeOf } from './near-by-signs.ts'
import { packRotated } from './packed-question.ts'
import { type PackedVectors, unpack } from './packed-vectors.ts'

/** All of fewer vectors are looked at as fast. */
const leastVectors = 4_096
/** So many times as many as are in cells: then they are made anew. */
const grownBy = 1.25
/** Vectors that are asked for in the trial, and numbers of neighbours of each that are to be found: with a filter, many are wanted. */
const asked = 48
const depths = [12, 25, 50, 100, 200, 400]
/** So many times as many vectors are looked at as finds all of these, for a question is no vector of the user's. */
const margin = 3
/** When that is more than this share of all, cells are of no use. */
const mostShare = 0.5

/**
 * Puts a user's vectors into cells where they are so many that it is worth it, and tries how many of the cells a question has to
 * look into: with the user's own vectors as questions, for how well they fall into cells is different with every user and model.
 */
export async function makeCells(vectors: PackedVectors, signal: AbortSignal): Promise<void> {
  const count = vectors.count()
  if (count < leastVectors || count < (vectors.cells()?.count ?? 0) * grownBy) return
  const made = await createCells(vectors, signal)
  if (made === undefined) return
  let isKept = false
  try {
    const tried = await trySharesOf(vectors, made, signal)
    if (tried === undefined || Math.min(...tried) > mostShare) return
    vectors.setCells({
      ...made.cells,
      shareFor(wanted) {
        const share = tried[depths.findIndex((depth) => wanted <= depth)] ?? 1
        return share > mostShare ? undefined : share
      },
    })
    isKept = true
  } finally {
    // Nobody else knows of their memory: lost here, it is lost to all users until the process ends.
    if (!isKept) made.cells.free()
  }
}

/** For each depth the share of the vectors to look at; undefined: the vectors are gone, or more than they were. */
async function trySharesOf(
  vectors: PackedVectors,
  { cells, cellOf }: CellsMade,
  signal: AbortSignal,
): Promise<number[] | undefined> {
  const { count } = cells
  const shares = depths.map((): number[] => [])
  for (let place = 0; place < asked; place += 1) {
    await turn()
    if (signal.aborted || vectors.count() !== count) return undefined
    const vector = Math.floor(((place + 0.5) * count) / asked)
    const question = packRotated(vectors.slabs, unpack(vectors, vector))
    const order = nearestCells(vectors.slabs, cells)
    const upTo = new Float64Array(order.length)
    let looked = 0
    for (const cell of order) upTo[cell] = looked += sizeOf(cells, cell)
    const near = nearestVectors(vectors, question, depths.at(-1) ?? 0)
    for (const [at, depth] of depths.entries()) {
      for (const one of near.slice(0, depth))
        shares[at]?.push((upTo[cellOf[one] as number] as number) / count)
    }
  }
  return shares.map((all) => Math.max(...all) * margin)
}
