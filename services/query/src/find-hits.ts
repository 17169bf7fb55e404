import { findByCandidates } from './find-by-candidates.ts'
import { findByComparing } from './find-by-comparing.ts'
import type { ShownHit } from './find-highlights.ts'
import { findTogether } from './find-together.ts'
import { fuseHits, type SearchRow } from './fuse-hits.ts'
import type { Place } from './read-model.ts'
import type { Asker, SearchQuestion } from './search-question.ts'
import { findEntities } from './sql/find-entities.ts'
import { findMatches } from './sql/find-matches.ts'
import type { Neighbour } from './sql/find-neighbours.ts'
import { findPassages } from './sql/find-passages.ts'

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

/** The best hits alone, by words and by meaning, in one snapshot. In a transaction that plans once (`genericPlans`). */
export async function findRows(
  snapshot: Place,
  question: SearchQuestion,
  asker: Asker,
): Promise<SearchRow[]> {
  const { text, vector } = question
  const together =
    text !== null && vector !== null && (await findTogether(snapshot, { ...question, text, vector }, asker))
  if (together) return together
  const [matches, neighbours] = await Promise.all([
    findMatches(snapshot.client, snapshot.schema, question),
    nearestTo(snapshot, question, asker),
  ])
  return fuseHits(matches, neighbours, question)
}

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
