import { type Client, execute, type Statement, toHalfvec } from '@synap/postgres'
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
  const allowed = filtered ? allowedEntities(schema, conditions) : ''
  const names: Names = {
    schema,
    vector: '(select vector from asked)',
    model: parameter(question.vector.model, 'text'),
    depth: parameter(depthOf(question), 'int'),
    filter: filtered ? narrowed(allowed, from) : '',
  }
  const nearest = from === 'everything' ? nearestOfAll(names) : nearestOfSome(names, from)
  const statement = {
    text: `
      with asked as materialized (select ${vector} as vector)
      ${filtered && from !== 'indexed' ? `, allowed as materialized (${allowed})` : ''}
      , nearest as materialized (${nearest})
      select entity_id, chunk, distance from nearest order by distance, entity_id desc`,
    values,
  }
  if (from === 'indexed') return queryPlannedAnew(client, statement)
  if (filtered) await oneProcess(client)
  return filtered ? queryPlannedAnew(client, statement) : queryInOrder(client, statement)
}

/** What the index gives is looked up one by one (`offset 0`): it comes in order, which a list of all that pass would not keep. */
const narrowed = (allowed: string, from: Neighbours) =>
  from === 'indexed'
    ? `and exists (${allowed} and e.entity_id = v.entity_id offset 0)`
    : 'and v.entity_id in (select entity_id from allowed)'

/**
 * What compares many vectors keeps to one process: helpers would end it sooner, and take half as much again from other searches.
 * It is not compiled, which takes longer than it gains; and the places of all of a user's vectors may be sorted exactly.
 */
async function oneProcess(client: Client): Promise<void> {
  await execute(client, {
    name: 'read_meta.keep_to_one_process',
    text: `select set_config('jit', 'off', true), set_config('max_parallel_workers_per_gather', '0', true),
      set_config('work_mem', '32MB', true)`,
  })
}

/**
 * Reads a user's vectors by the index of users, which has them as they came and so as they lie. The planner does not know that
 * they lie so, and would sort their places first, or sooner read the whole table: which takes up to twice as long.
 */
async function queryInOrder(client: Client, statement: Statement): Promise<Neighbour[]> {
  const scans = (onOrOff: 'on' | 'off') =>
    execute(client, {
      name: 'read_meta.set_scans',
      text: `select set_config('enable_seqscan', $1::text, true), set_config('enable_bitmapscan', $1::text, true)`,
      values: [onOrOff],
    })
  const [, , rows] = await Promise.all([
    oneProcess(client),
    scans('off'),
    queryPlannedAnew<Neighbour>(client, statement),
    scans('on'),
  ])
  return rows
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
