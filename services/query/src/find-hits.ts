import type { ShownHit } from './find-highlights.ts'
import type { Snapshot } from './read-model.ts'
import { findEntities } from './sql/find-entities.ts'
import { findPassages } from './sql/find-passages.ts'
import {
  allowIterativeScan,
  type SearchQuestion,
  type SearchRow,
  scannedTuples,
  searchEntities,
} from './sql/search-entities.ts'
import { countVectors } from './sql/user-vectors.ts'

/** Up to so many vectors, comparing all of them is fast, and misses none. */
export const exactVectors = 20_000

/** The best hits with what is shown of them, in order. `vectors`: how many the user has, as it is kept beside them. */
export async function findHits(
  snapshot: Snapshot,
  question: SearchQuestion,
  vectors: number,
): Promise<ShownHit[]> {
  const { client, schema } = snapshot
  const rows = await findRows(snapshot, question, vectors)
  const ids = rows.map((row) => row.entity_id)
  const entities = new Map(
    (await findEntities(client, schema, ids)).map((entity) => [entity.entity_id, entity]),
  )
  const places = new Map((await findPassages(client, schema, rows)).map((place) => [place.entity_id, place]))
  return rows.flatMap((row) => {
    const entity = entities.get(row.entity_id)
    return entity === undefined ? [] : [{ row, entity, place: places.get(row.entity_id) }]
  })
}

async function findRows(
  { client, schema }: Snapshot,
  question: SearchQuestion,
  vectors: number,
): Promise<SearchRow[]> {
  const few = await isFew({ client, schema }, question, vectors)
  if (!few) await allowIterativeScan(client, scannedTuples)
  const rows = await searchEntities(client, schema, question, few ? 'compared' : 'indexed')
  const neighbours = rows[0]?.neighbours ?? 0
  if (question.vector === null || neighbours >= question.limit) return rows
  // Few of them may be of different entities and current, or the index gave up: there may be more.
  return searchEntities(client, schema, question, 'everything')
}

async function isFew(
  { client, schema }: Pick<Snapshot, 'client' | 'schema'>,
  { vector, filter }: SearchQuestion,
  vectors: number,
): Promise<boolean> {
  if (vector === null || vectors <= exactVectors) return true
  if (Object.values(filter).every((value) => value === undefined)) return false
  return (await countVectors(client, schema, filter, exactVectors + 1)) <= exactVectors
}
