import type { Place } from './read-model.ts'
import { type Asker, type ByMeaning, isFiltered } from './search-question.ts'
import { allowIterativeScan, findNeighbours, type Neighbour, scannedTuples } from './sql/find-neighbours.ts'
import { nearestVectors } from './sql/nearest.ts'
import { countAllVectors, countVectors } from './sql/user-vectors.ts'

/** Up to so many vectors, of a user or of what a filter lets pass, all are compared: that is fast, and misses none. */
export const exactVectors = 20_000
/** Vectors that are compared in the time in which the index visits one. */
const comparedInAVisit = 10

/** The nearest, by the read model's vectors alone: for users who are not in memory, and where memory leaves a doubt. */
export async function findByComparing(
  { client, schema }: Place,
  question: ByMeaning,
  { vectors }: Pick<Asker, 'vectors'>,
): Promise<Neighbour[]> {
  const isIndexed =
    vectors > exactVectors &&
    isIndexWorthIt(vectors, await countAllVectors(client, schema)) &&
    !(await isNarrow({ client, schema }, question))
  if (isIndexed) await allowIterativeScan(client, scannedTuples)
  const neighbours = await findNeighbours(client, schema, question, isIndexed ? 'indexed' : 'compared')
  if (neighbours.length >= question.limit) return neighbours
  // Few of them may be of different entities and current, or the index gave up: there may be more.
  return findNeighbours(client, schema, question, 'everything')
}

/**
 * What the index visits are vectors of all users, and so the more of them the smaller this user's share is: of 30,000 among
 * 400,000 all are compared in less time.
 *
 * @param vectors of the user
 * @param all in the index, as far as is known
 */
export function isIndexWorthIt(vectors: number, all: number): boolean {
  if (vectors <= exactVectors) return false
  const visited = (nearestVectors * Math.max(all, vectors)) / vectors
  return visited * comparedInAVisit < vectors
}

async function isNarrow({ client, schema }: Place, question: ByMeaning): Promise<boolean> {
  return (
    isFiltered(question) &&
    (await countVectors(client, schema, question.filter, exactVectors + 1)) <= exactVectors
  )
}
