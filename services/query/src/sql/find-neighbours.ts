import { type Client, execute, query, toHalfvec } from '@synap/postgres'
import { depthOf, type SearchQuestion } from '../search-question.ts'
import { allowedEntities } from './allowed-entities.ts'
import { conditionsOf, type Parameter } from './list-entities.ts'
import {
  addedSince,
  type Names,
  type Neighbours,
  nearestOfAll,
  nearestOfCandidates,
  nearestOfSome,
  nearestVectors,
} from './nearest.ts'
import { queryPlannedOnce } from './planned-once.ts'

/** An entity near to a question in meaning, by its nearest chunk. */
export interface Neighbour {
  entity_id: string
  chunk: number
  /** Cosine distance, 0 to 2. */
  distance: number
}

export interface FoundNeighbours {
  /** The nearest first; of two as near, the newer. */
  neighbours: Neighbour[]
  /** Vectors that came after the candidates were chosen, and were compared besides; none where all are. */
  added: number
}

/** Rows of the index on vectors that are visited at most before all of a user's vectors are compared. */
export const scannedTuples = 40_000

/**
 * The nearest entities, however far. Only vectors of an entity's current content count, and a filter narrows them before
 * anything is cut off.
 */
export async function findNeighbours(
  client: Client,
  schema: string,
  question: SearchQuestion & { vector: NonNullable<SearchQuestion['vector']> },
  from: Neighbours,
): Promise<FoundNeighbours> {
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
  const tables = tablesOf(names, from, conditions, parameter)
  const isFast = !filtered && typeof from !== 'string'
  const rows = await (isFast ? queryPlannedOnce<Row> : query<Row>)(client, {
    ...(filtered ? {} : { name: `${schema}.find_neighbours_${typeof from === 'string' ? from : 'known'}` }),
    text: `
      with asked as materialized (select ${vector} as vector), ${tables}
      select a.added, n.entity_id, n.chunk, n.distance
      from (select count(*)::int as added from added) as a left join nearest as n on true
      order by n.distance, n.entity_id desc`,
    values,
  })
  return {
    neighbours: rows.filter((row): row is Row & Neighbour => row.entity_id !== null),
    added: rows[0]?.added ?? 0,
  }
}

/** Without neighbours there is still one, that tells what was added. */
interface Row {
  added: number
  entity_id: string | null
  chunk: number | null
  distance: number | null
}

/** `added` and `nearest`, with what these need. */
function tablesOf(
  names: Names,
  from: Neighbours,
  conditions: readonly string[],
  parameter: Parameter,
): string {
  const { schema, model, filtered } = names
  if (typeof from === 'string') {
    const nearest = from === 'everything' ? nearestOfAll(names) : nearestOfSome(names, from)
    return `${filtered ? `allowed as materialized (${allowedEntities(schema, conditions)}),` : ''}
      added as (select null::uuid as entity_id where false), nearest as materialized (${nearest})`
  }
  const candidates = parameter(from.entities, 'uuid[]')
  const next = parameter(from.since.next, 'xid8')
  const running = parameter(from.since.running, 'xid8[]')
  const added = addedSince(schema, model, { next, running })
  const nearest = nearestOfCandidates(names, { candidates, conditions })
  return `added as materialized (${added}), nearest as materialized (${nearest})`
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
