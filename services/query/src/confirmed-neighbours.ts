import type { Neighbour } from './sql/find-neighbours.ts'
import { byDistance } from './sql/known-neighbours.ts'
import type { PackedPassage } from './vectors/packed-vectors.ts'

/** A candidate that the database has confirmed. */
export interface There {
  entity_id: string
  /** Place among the candidates, from 0. */
  place: number
  /** The first letters of its content's hash. */
  content: string
}

/** The candidates as memory has them. */
export interface Remembered {
  ids: Uint8Array
  likenesses: Float64Array
  /** What the nearest vector of each is of. */
  passages: readonly PackedPassage[]
  /** The passage of an entity's content that is nearest; null: there is none; undefined: memory has it no more. */
  nearestPassage: (of: {
    id: Uint8Array
    content: string
  }) => { chunk: number; likeness: number } | null | undefined
}

/**
 * The nearest first, by what memory knows of their current content; without those of whose content there is no vector. Undefined:
 * memory has left the vectors meanwhile.
 */
export function confirmedNeighbours(
  entities: readonly There[],
  { ids, likenesses, passages, nearestPassage }: Remembered,
): Neighbour[] | undefined {
  const neighbours: Neighbour[] = []
  for (const { entity_id, place, content } of entities) {
    const passage = passages[place]
    const nearest =
      passage?.content === content
        ? { chunk: passage.chunk, likeness: likenesses[place] as number }
        : // What is nearest is of an older content.
          nearestPassage({ id: ids.subarray(place * 16, (place + 1) * 16), content })
    if (nearest === undefined) return undefined
    if (nearest === null) continue
    neighbours.push({ entity_id, chunk: nearest.chunk, distance: 1 - nearest.likeness })
  }
  return neighbours.sort(byDistance)
}
