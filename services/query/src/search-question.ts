import type { EntityFilter } from './sql/list-entities.ts'

export interface SearchQuestion {
  /** What was asked; null leaves words out. */
  text: string | null
  /** Text search configurations to understand it in. */
  configs: readonly string[]
  /** The question's embedding and its model; null leaves meaning out. */
  vector: { values: Float32Array; model: string } | null
  filter: EntityFilter
  /**
   * Neighbours by meaning count only when they are at least so like the question (cosine), and at least half as like as
   * the nearest; null = the nearest, however far.
   */
  leastLikeness: number | null
  /** How many the answer may hold. */
  limit: number
}

const fusedDepth = 100

/** Places of each order that count: to fuse them takes more than are shown. */
export function depthOf({ text, limit }: Pick<SearchQuestion, 'text' | 'limit'>): number {
  return text === null ? limit : Math.max(fusedDepth, limit)
}
