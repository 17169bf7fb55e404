import type { UserId } from '@synap/core'
import type { ShownHit } from './find-highlights.ts'
import { fuseHits, type SearchRow } from './fuse-hits.ts'
import type { Place } from './read-model.ts'
import { depthOf, type SearchQuestion } from './search-question.ts'
import { findEntities } from './sql/find-entities.ts'
import { findMatches } from './sql/find-matches.ts'
import { allowIterativeScan, findNeighbours, type Neighbour, scannedTuples } from './sql/find-neighbours.ts'
import { findPassages } from './sql/find-passages.ts'
import { mostAdded } from './sql/nearest.ts'
import { countVectors } from './sql/user-vectors.ts'
import { likenessError } from './vectors/find-candidates.ts'
import type { CacheOutcome, FoundCandidates, VectorCache } from './vectors/vector-cache.ts'

/** Up to so many vectors, comparing all of them is fast, and misses none. */
export const exactVectors = 20_000

/** Who asks, and what is known of their vectors. */
export interface Asker {
  userId: UserId
  /** Vectors of the question's model, as their number is kept beside them. */
  vectors: number
  cache: VectorCache
}

/** The best hits with what is shown of them, in order. */
export async function findHits(snapshot: Place, question: SearchQuestion, asker: Asker): Promise<ShownHit[]> {
  const { client, schema } = snapshot
  const rows = await findRows(snapshot, question, asker)
  const ids = rows.map((row) => row.entity_id)
  const [found, passages] = await Promise.all([
    findEntities(client, schema, ids),
    findPassages(client, schema, rows),
  ])
  const entities = new Map(found.map((entity) => [entity.entity_id, entity]))
  const places = new Map(passages.map((place) => [place.entity_id, place]))
  return rows.flatMap((row) => {
    const entity = entities.get(row.entity_id)
    return entity === undefined ? [] : [{ row, entity, place: places.get(row.entity_id) }]
  })
}

/**
 * The best hits alone, by words and by meaning, in one snapshot. Words are asked for first: while the database looks for them,
 * this process finds the candidates by meaning.
 */
export async function findRows(
  snapshot: Place,
  question: SearchQuestion,
  asker: Asker,
): Promise<SearchRow[]> {
  const [matches, neighbours] = await Promise.all([
    findMatches(snapshot.client, snapshot.schema, question),
    nearestTo(snapshot, question, asker),
  ])
  return fuseHits(matches, neighbours, question)
}

type ByMeaning = SearchQuestion & { vector: NonNullable<SearchQuestion['vector']> }

/** From candidates in memory where these leave no doubt; else the read model's vectors are asked. */
async function nearestTo(snapshot: Place, question: SearchQuestion, asker: Asker): Promise<Neighbour[]> {
  const { vector } = question
  if (vector === null) return []
  const byMeaning = { ...question, vector }
  return (
    (await findByCandidates(snapshot, byMeaning, asker)) ??
    (await findByComparing(snapshot, byMeaning, asker))
  )
}

/** Candidates besides those that are wanted, for some may be gone or of old content. */
const spare = 10
/** Tries: each with so many times the candidates of the one before. */
const tries = [1, 8]

async function findByCandidates(
  { client, schema }: Place,
  question: ByMeaning,
  { userId, vectors, cache }: Asker,
): Promise<Neighbour[] | undefined> {
  const { values, model } = question.vector
  const of = { schema, userId, model }
  const filtered = isFiltered(question)
  const leastLikeness = filtered ? null : question.leastLikeness
  const ended = (outcome: CacheOutcome, added: number) => {
    cache.count(outcome)
    cache.told(of, { vectors, added })
    return undefined
  }
  for (const times of tries) {
    const wanted = (depthOf(question) + spare) * times * (filtered ? 4 : 1)
    const found = cache.find(of, { values, wanted, leastLikeness })
    if (found === undefined) return ended('missing', 0)
    const { neighbours, added } = await findNeighbours(client, schema, question, found)
    if (added > mostAdded) return ended('behind', added)
    if (!isCertain(neighbours, found, question.limit)) continue
    ended('cached', added)
    return neighbours
  }
  return ended('too few', 0)
}

/** True: nothing that is not among the candidates belongs into the answer's places by meaning. */
function isCertain(
  neighbours: readonly Neighbour[],
  { entities, beyond, nearest, isCut }: FoundCandidates,
  limit: number,
): boolean {
  if (beyond === null) return true
  const last = neighbours[limit - 1]
  if (last !== undefined) return 1 - last.distance >= beyond - likenessError
  if (!isCut) return false
  // Nothing in memory is like enough, and what came since was compared.
  if (entities.length === 0) return true
  // Fewer than are wanted are like enough; unless what they were held against is gone.
  const least = neighbours[0]?.distance
  return least !== undefined && 1 - least >= (nearest ?? 0) - likenessError
}

async function findByComparing(
  { client, schema }: Place,
  question: ByMeaning,
  { vectors }: Asker,
): Promise<Neighbour[]> {
  const few = await isFew({ client, schema }, question, vectors)
  if (!few) await allowIterativeScan(client, scannedTuples)
  const { neighbours } = await findNeighbours(client, schema, question, few ? 'compared' : 'indexed')
  if (neighbours.length >= question.limit) return neighbours
  // Few of them may be of different entities and current, or the index gave up: there may be more.
  return (await findNeighbours(client, schema, question, 'everything')).neighbours
}

async function isFew({ client, schema }: Place, question: SearchQuestion, vectors: number): Promise<boolean> {
  if (vectors <= exactVectors) return true
  return (
    isFiltered(question) &&
    (await countVectors(client, schema, question.filter, exactVectors + 1)) <= exactVectors
  )
}

function isFiltered({ filter }: SearchQuestion): boolean {
  return Object.values(filter).some((value) => value !== undefined)
}
