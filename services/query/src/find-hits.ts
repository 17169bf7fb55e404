import type { UserId } from '@synap/core'
import type { ShownHit } from './find-highlights.ts'
import type { Place } from './read-model.ts'
import { findEntities } from './sql/find-entities.ts'
import { findPassages } from './sql/find-passages.ts'
import { mostAdded } from './sql/nearest.ts'
import {
  allowIterativeScan,
  depthOf,
  type SearchQuestion,
  type SearchRow,
  scannedTuples,
  searchEntities,
} from './sql/search-entities.ts'
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

/** The best hits alone. From candidates in memory where these leave no doubt; else the read model's vectors are asked. */
export async function findRows(
  snapshot: Place,
  question: SearchQuestion,
  asker: Asker,
): Promise<SearchRow[]> {
  const { client, schema } = snapshot
  if (question.vector === null) return searchEntities(client, schema, question, 'everything')
  return (
    (await findByCandidates(snapshot, question, question.vector, asker)) ??
    findByComparing(snapshot, question, asker)
  )
}

/** Candidates besides those that are wanted, for some may be gone or of old content. */
const spare = 10
/** Tries: each with so many times the candidates of the one before. */
const tries = [1, 8]

async function findByCandidates(
  { client, schema }: Place,
  question: SearchQuestion,
  { values, model }: NonNullable<SearchQuestion['vector']>,
  { userId, vectors, cache }: Asker,
): Promise<SearchRow[] | undefined> {
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
    const rows = await searchEntities(client, schema, question, found)
    const added = rows[0]?.added ?? 0
    if (added > mostAdded) return ended('behind', added)
    if (!isCertain(rows, found)) continue
    ended('cached', added)
    return rows
  }
  return ended('too few', 0)
}

/** True: nothing that is not among the candidates belongs into the answer's places by meaning. */
function isCertain([row]: readonly SearchRow[], { beyond, nearest, isCut }: FoundCandidates): boolean {
  if (beyond === null) return row !== undefined
  if (row === undefined) return false
  if (row.last_distance !== null) return 1 - row.last_distance >= beyond - likenessError
  // Fewer than are wanted are like enough; unless what they were held against is gone.
  return isCut && row.least_distance !== null && 1 - row.least_distance >= (nearest ?? 0) - likenessError
}

async function findByComparing(
  { client, schema }: Place,
  question: SearchQuestion,
  { vectors }: Asker,
): Promise<SearchRow[]> {
  const few = await isFew({ client, schema }, question, vectors)
  if (!few) await allowIterativeScan(client, scannedTuples)
  const rows = await searchEntities(client, schema, question, few ? 'compared' : 'indexed')
  const neighbours = rows[0]?.neighbours ?? 0
  if (neighbours >= question.limit) return rows
  // Few of them may be of different entities and current, or the index gave up: there may be more.
  return searchEntities(client, schema, question, 'everything')
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
