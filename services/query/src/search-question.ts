import type { UserId } from '@synap/core'
import type { CommonFilter } from './sql/list-entities.ts'
import type { VectorCache } from './vectors/vector-cache.ts'

export interface SearchQuestion {
  /** What was asked; null leaves words out. */
  text: string | null
  /** Text search configurations to understand it in. */
  configs: readonly string[]
  /** The question's embedding and its model; null leaves meaning out. */
  vector: { values: Float32Array; model: string } | null
  filter: CommonFilter
  /**
   * Neighbours by meaning count only when they are at least so like the question (cosine), and at least half as like as
   * the nearest; null = the nearest, however far.
   */
  leastLikeness: number | null
  /** How many the answer may hold. */
  limit: number
}

export type ByBoth = ByMeaning & { text: string }
export type ByMeaning = SearchQuestion & { vector: NonNullable<SearchQuestion['vector']> }

/** Who asks, and what is known of their vectors. */
export interface Asker {
  userId: UserId
  /** Vectors of the question's model, as their number is kept beside them. */
  vectors: number
  cache: VectorCache
}

const fusedDepth = 100

/** Places of each order that count: to fuse them takes more than are shown. */
export function depthOf({ text, limit }: Pick<SearchQuestion, 'text' | 'limit'>): number {
  return text === null ? limit : Math.max(fusedDepth, limit)
}

export function isFiltered({ filter }: Pick<SearchQuestion, 'filter'>): boolean {
  return Object.values(filter).some((value) => value !== undefined)
}
