import { isNothingMissed } from './find-by-candidates.ts'
import { fuseHits, type Near, type SearchRow } from './fuse-hits.ts'
import { idsOf } from './ids-of.ts'
import { depthOf, type SearchQuestion } from './search-question.ts'
import type { Match } from './sql/find-matches.ts'
import { byDistance, type KnownNeighbours } from './sql/known-neighbours.ts'
import type { Candidates } from './vectors/find-candidates.ts'
import { likenessError } from './vectors/rank.ts'

/** Hits that are looked up besides those that are wanted, for some may be gone or of old content. */
export const spareHits = 4

/** What is near by what memory knows. */
export interface Presumed {
  found: Omit<Candidates, 'passages'>
  neighbours: Near[]
}

export function presumedOf(found: Candidates): Presumed {
  const neighbours = idsOf(found.ids).map((entity_id, at) => ({
    entity_id,
    chunk: null,
    distance: 1 - (found.likenesses[at] ?? 0),
  }))
  return { found, neighbours }
}

/** The best if all are there, and the nearest, by which is judged what is like enough. */
export function worthALook(matches: readonly Match[], { neighbours }: Presumed, limit: number): string[] {
  // Memory has left out what is too unlike, but for its error.
  const best = fuseHits(matches, neighbours, { leastLikeness: null, limit: limit + spareHits })
  const [nearest] = neighbours
  return [...new Set([...(nearest === undefined ? [] : [nearest]), ...best].map((one) => one.entity_id))]
}

export interface Looked {
  matches: readonly Match[]
  presumed: Presumed
  /** Entities that were looked up. */
  asked: ReadonlySet<string>
  looked: Pick<KnownNeighbours, 'neighbours' | 'there'>
}

/**
 * Puts what was looked up in the place of what was presumed. Those that were not looked up keep theirs, by which the others have
 * their places; undefined: one of them came into the answer, or what memory has left out may belong there.
 */
export function decide(
  { matches, presumed, asked, looked }: Looked,
  question: Pick<SearchQuestion, 'text' | 'leastLikeness' | 'limit'>,
): SearchRow[] | undefined {
  const { neighbours, there } = looked
  const others = presumed.neighbours.filter(({ entity_id }) => !asked.has(entity_id) && !there.has(entity_id))
  const near = [...neighbours, ...others].sort(byDistance)
  const [nearest] = near
  if (nearest !== undefined && !there.has(nearest.entity_id)) return undefined
  const { found } = presumed
  // What only words found was looked up too, and may be further away than what memory has left out.
  const least = (found.beyond ?? -Infinity) - likenessError
  const within = near.filter(({ distance }) => 1 - distance >= least)
  if (!isNothingMissed(within, { ...found, next: found.beyond }, question.limit)) return undefined
  const rows = fuseHits(
    matches.filter(({ entity_id }) => !asked.has(entity_id) || there.has(entity_id)),
    near.slice(0, depthOf(question)),
    question,
  )
  return rows.every(({ entity_id }) => there.has(entity_id)) ? rows : undefined
}
