import type { SearchQuestion } from './search-question.ts'
import type { Match } from './sql/find-matches.ts'
import type { Neighbour } from './sql/find-neighbours.ts'

export interface SearchRow {
  entity_id: string
  score: number
  /** Place among the matches by words, from 1; null = no match. */
  text_place: number | null
  /** Words that were looked for in place of unknown ones, between spaces. */
  corrected: string | null
  /** Place among the neighbours by meaning, from 1; null = none of them. */
  vector_place: number | null
  /** The nearest chunk. */
  chunk: number | null
}

/** A neighbour, looked up or only presumed: then nothing is known of its chunks. */
export type Near = Omit<Neighbour, 'chunk'> & { chunk: number | null }

const rankConstant = 60

/**
 * The best of both orders, by reciprocal rank (k = 60; Cormack, Clarke, Büttcher 2009); of two as good the newer. Neighbours
 * that are not like enough do not count. Both orders are given the best first.
 */
export function fuseHits(
  matches: readonly Match[],
  neighbours: readonly Near[],
  { leastLikeness, limit }: Pick<SearchQuestion, 'leastLikeness' | 'limit'>,
): SearchRow[] {
  const hits = new Map<string, SearchRow>()
  for (const { entity_id, place, corrected } of matches) {
    hits.set(entity_id, {
      entity_id,
      score: 1 / (rankConstant + place),
      text_place: place,
      corrected,
      vector_place: null,
      chunk: null,
    })
  }
  for (const [at, { entity_id, chunk }] of likeEnough(neighbours, leastLikeness).entries()) {
    const match = hits.get(entity_id)
    hits.set(entity_id, {
      entity_id,
      score: (match?.score ?? 0) + 1 / (rankConstant + at + 1),
      text_place: match?.text_place ?? null,
      corrected: match?.corrected ?? null,
      vector_place: at + 1,
      chunk,
    })
  }
  return [...hits.values()].sort(byScore).slice(0, limit)
}

function likeEnough(neighbours: readonly Near[], leastLikeness: number | null): readonly Near[] {
  const [nearest] = neighbours
  if (leastLikeness === null || nearest === undefined) return neighbours
  const least = Math.max(leastLikeness, (1 - nearest.distance) / 2)
  return neighbours.filter(({ distance }) => 1 - distance >= least)
}

function byScore(a: SearchRow, b: SearchRow): number {
  if (a.score !== b.score) return b.score - a.score
  return a.entity_id < b.entity_id ? 1 : -1
}
