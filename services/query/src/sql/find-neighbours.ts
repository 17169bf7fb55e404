import { type Client, execute, toHalfvec } from '@synap/postgres'
import { depthOf, type SearchQuestion } from '../search-question.ts'
import { allowedEntities } from './allowed-entities.ts'
import { conditionsOf, type Parameter } from './list-entities.ts'
import { type Names, type Neighbours, nearestOfAll, nearestOfSome, nearestVectors } from './nearest.ts'
import { queryPlannedAnew } from './planned-anew.ts'

/** An entity near to a question in meaning, by its nearest chunk. */
export interface Neighbour {
  entity_id: string
  chunk: number
  /** Cosine distance, 0 to 2. */
  distance: number
}

/** Rows of the index on vectors that are visited at most before all of a user's vectors are compared. */
export const scannedTuples = 40_000

/**
 * The nearest entities, however far, the nearest first; of two as near, the newer. Only vectors of an entity's current content
 * count, and a filter narrows them before anything is cut off.
 */
export async function findNeighbours(
  client: Client,
  schema: string,
  question: SearchQuestion & { vector: NonNullable<SearchQuestion['vector']> },
  from: Neighbours,
): Promise<Neighbour[]> {
  const values: unknown[] = []
  const parameter: Parameter = (value, type) => `$${values.push(value)}::${type}`
  const vector = parameter(toHalfvec(question.vector.values), 'public.halfvec(1536)')
  const conditions = conditionsOf(schema, question.filter, parameter)
  const filtered = conditions.length > 0
  const names: Names = {
    schema,
    vector: '(select vector from asked)',
    model: parameter(question.vector.model, 'text'),
    depth: parameter(depthOf(question), 'int'),
    filtered,
  }
  const nearest = from === 'everything' ? nearestOfAll(names) : nearestOfSome(names, from)
  return queryPlannedAnew<Neighbour>(client, {
    text: `
      with asked as materialized (select ${vector} as vector)
      ${filtered ? `, allowed as materialized (${allowedEntities(schema, conditions)})` : ''}
      , nearest as materialized (${nearest})
      select entity_id, chunk, distance from nearest order by distance, entity_id desc`,
    values,
  })
}

/**
 * Lets a scan of the index on vectors look at many candidates, and go on in exact order until enough rows of this user are
 * found or `tuples` are visited: without it another user's vectors, being nearer, would leave this one with less than
 * asked. The planner thinks the index dearer than reading and sorting all of the user's vectors, and is wrong by ten times
 * and more: sorting is put out of its reach, and compilation, which the price it then sees would call for.
 */
export async function allowIterativeScan(client: Client, tuples: number): Promise<void> {
  await execute(client, {
    text: `select set_config('hnsw.iterative_scan', 'strict_order', true),
      set_config('hnsw.ef_search', $2::text, true), set_config('hnsw.max_scan_tuples', $1::text, true),
      set_config('enable_sort', 'off', true), set_config('jit', 'off', true)`,
    values: [String(tuples), String(nearestVectors)],
  })
}
