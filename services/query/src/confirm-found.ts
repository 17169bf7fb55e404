import { bytesToUuid, type UserId } from '@synap/core'
import { confirmedNeighbours, type There } from './confirmed-neighbours.ts'
import type { Place } from './read-model.ts'
import type { ByMeaning } from './search-question.ts'
import { confirmCandidates } from './sql/confirm-candidates.ts'
import type { Neighbour } from './sql/find-neighbours.ts'
import type { CommonFilter } from './sql/list-entities.ts'
import type { FoundCandidates, VectorCache } from './vectors/vector-cache.ts'

export interface ToConfirm {
  userId: UserId
  cache: VectorCache
  found: FoundCandidates
  /** Has to be tried on them; undefined: all are wanted. */
  filter?: CommonFilter | undefined
  /** So many that are there and pass end the look. */
  enough: number
}

export interface ConfirmedFound {
  /** In the order of the candidates. */
  there: readonly There[]
  /** The nearest first. */
  neighbours: Neighbour[]
}

/**
 * Of what memory found those that are there and pass. Undefined:
 * memory has other vectors than the read model, which is told to it, or has left them meanwhile; or nothing is known of those between.
 */
export async function confirmFound(
  { client, schema }: Place,
  { vector: { values, model } }: ByMeaning,
  { cache, userId, found, filter, enough }: ToConfirm,
): Promise<ConfirmedFound | undefined> {
  const of = { schema, userId, model }
  const { ids, likenesses, since, count } = found
  const passages = found.passages()
  const confirmed = await confirmCandidates(client, schema, { userId, model, ids, since, filter, enough })
  const { entities, vectors, hasMore } = confirmed
  if (hasMore || vectors !== count) {
    cache.told(of, { vectors, added: hasMore ? 1 : 0 })
    return undefined
  }
  // Not looked at in order, nothing is known of those that were left out.
  if (entities.some(({ place }, at) => place <= (entities[at - 1]?.place ?? -1))) return undefined
  const there = entities.map(({ place, content }) => ({
    entity_id: bytesToUuid(ids.subarray(place * 16, (place + 1) * 16)),
    place,
    content,
  }))
  const neighbours = confirmedNeighbours(there, {
    ids,
    likenesses,
    passages,
    nearestPassage: (passage) => cache.nearestPassage(of, values, passage),
  })
  return neighbours && { there, neighbours }
}
