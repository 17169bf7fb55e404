import { type Client, execute, query, type Statement, toHalfvec } from '@synap/postgres'
import { conditionsOf, type EntityFilter, type Parameter } from './list-entities.ts'
import {
  addedSince,
  type Names,
  type Neighbours,
  nearestOfAll,
  nearestOfCandidates,
  nearestOfSome,
  nearestVectors,
} from './nearest.ts'

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

export interface SearchRow {
  entity_id: string
  score: number
  /** Place among the matches by words, from 1; null = no match. */
  text_place: number | null
  /** Words that were looked for in place of unknown ones, between spaces. */
  corrected: string | null
  /** Place among the neighbours by meaning, from 1. */
  vector_place: number | null
  /** Cosine distance of the nearest chunk, 0 to 2. */
  distance: number | null
  /** The nearest chunk. */
  chunk: number | null
  /** Neighbours that were found, before the least likeness. */
  neighbours: number
  /** Distance of the nearest of them, and of the one in the last place that the answer may hold; null: there is none. */
  least_distance: number | null
  last_distance: number | null
  /** Vectors that came after the candidates were chosen, and were compared besides; none where all are. */
  added: number
}

/** Matches by words that are ranked, and the depth to which both orders are fused. */
const rankedMatches = 250
export const fusedDepth = 100
/** Rows of the index on vectors that are visited at most before all of a user's vectors are compared. */
export const scannedTuples = 40_000

/**
 * Words and meaning in one statement, fused by reciprocal rank (k = 60; Cormack, Clarke, Büttcher 2009). Words: the
 * owner's function, so that the index on words serves under row security. Only vectors of the entity's current content
 * count. A filter narrows both before anything is cut off. What is not asked for is not in the statement.
 */
export async function searchEntities(
  client: Client,
  schema: string,
  question: SearchQuestion,
  from: Neighbours,
): Promise<SearchRow[]> {
  const values: unknown[] = []
  const parameter: Parameter = (value, type) => `$${values.push(value)}::${type}`
  const depth = parameter(depthOf(question), 'int')
  const limit = parameter(question.limit, 'int')
  const least = parameter(question.leastLikeness, 'float8')
  const conditions = conditionsOf(schema, question.filter, parameter)
  const filtered = conditions.length > 0
  const words = wordsOf(schema, question, { depth, filtered }, parameter)
  const meaning = meaningOf(question, from, { schema, depth, filtered }, conditions, parameter)
  const isFast = !filtered && (question.vector === null || typeof from !== 'string')
  return (isFast ? queryPlannedOnce : query<SearchRow>)(client, {
    ...(filtered ? {} : { name: `${schema}.search_${words.name}_${meaning.name}` }),
    text: `
      with ${filtered ? `allowed as materialized (${allowedEntities(schema, conditions)}),` : ''}
      ${meaning.tables}, text_leg as materialized (${words.table}), living as (
        select t.* from text_leg as t cross join lateral (
          select from ${schema}.entities as e where e.entity_id = t.entity_id and e.deleted_at is null offset 0
        ) as there
      ), vector_leg as (
        select n.*, row_number() over (order by n.distance, n.entity_id desc) as place
        from nearest as n
        where ${least} is null or 1 - n.distance >= greatest(${least}, (select 1 - min(distance) from nearest) / 2)
      )
      select entity_id, t.place as text_place, t.corrected, v.place as vector_place, v.distance, v.chunk,
        (coalesce(1.0 / (60 + t.place), 0) + coalesce(1.0 / (60 + v.place), 0))::float8 as score,
        (select count(*) from nearest)::int as neighbours, (select min(distance) from nearest) as least_distance,
        (select distance from nearest order by distance offset ${limit} - 1 limit 1) as last_distance,
        (select count(*) from added)::int as added
      from ${legsOf(question)}
      order by score desc, entity_id desc
      limit ${limit}`,
    values,
  })
}

/** Both legs, or what takes the place of one that nobody asked for. */
function legsOf({ text, vector }: SearchQuestion): string {
  if (text === null)
    return 'vector_leg as v cross join (select null::bigint as place, null::text as corrected) as t'
  return vector === null
    ? 'living as t cross join (select null::bigint as place, null::float8 as distance, null::int as chunk) as v'
    : 'living as t full join vector_leg as v using (entity_id)'
}

/**
 * Runs a statement by the plan that fits all values. It would be planned anew for each question, since the planner cannot know
 * that what it guesses of arrays and limits changes nothing: that took three times as long as the search itself.
 */
async function queryPlannedOnce(client: Client, statement: Statement): Promise<SearchRow[]> {
  const plans = (mode: string) =>
    execute(client, {
      name: 'read_meta.set_plans',
      text: `select set_config('plan_cache_mode', $1::text, true)`,
      values: [mode],
    })
  const [, rows] = await Promise.all([
    plans('force_generic_plan'),
    query<SearchRow>(client, statement),
    plans('auto'),
  ])
  return rows
}

/** Places of each order that count: to fuse them takes more than are shown. */
export function depthOf({ text, limit }: Pick<SearchQuestion, 'text' | 'limit'>): number {
  return text === null ? limit : Math.max(fusedDepth, limit)
}

const allowedEntities = (schema: string, conditions: readonly string[]) => `
  select e.entity_id from ${schema}.entities as e left join ${schema}.task_details as t using (entity_id)
  where e.deleted_at is null and ${conditions.join(' and ')}`

interface Legs {
  depth: string
  filtered: boolean
}

function wordsOf(
  schema: string,
  question: SearchQuestion,
  { depth, filtered }: Legs,
  parameter: Parameter,
): { name: string; table: string } {
  if (question.text === null) {
    return {
      name: 'no_words',
      table: 'select null::uuid as entity_id, null::text as corrected, null::bigint as place where false',
    }
  }
  const text = parameter(question.text, 'text')
  const configs = parameter(question.configs, 'text[]')
  const allowed = filtered ? `(select coalesce(array_agg(entity_id), '{}') from allowed)` : 'null'
  return {
    name: 'words',
    table: `
      select m.entity_id, m.corrected, row_number() over (order by m.rank desc, m.entity_id desc) as place
      from ${schema}.match_words(${text}, ${configs}, ${allowed}, ${rankedMatches}) as m
      order by place limit ${depth}`,
  }
}

const noneAdded = 'added as (select null::uuid as entity_id where false)'

function meaningOf(
  question: SearchQuestion,
  from: Neighbours,
  { schema, depth, filtered }: Legs & { schema: string },
  conditions: readonly string[],
  parameter: Parameter,
): { name: string; tables: string } {
  if (question.vector === null) {
    const none = 'select null::uuid as entity_id, null::int as chunk, null::float8 as distance where false'
    return { name: 'alone', tables: `${noneAdded}, nearest as materialized (${none})` }
  }
  const asked = `asked as materialized (
    select ${parameter(toHalfvec(question.vector.values), 'public.halfvec(1536)')} as vector)`
  const model = parameter(question.vector.model, 'text')
  const names: Names = { schema, vector: '(select vector from asked)', model, depth, filtered }
  if (typeof from === 'string') {
    const nearest = from === 'everything' ? nearestOfAll(names) : nearestOfSome(names, from)
    return { name: from, tables: `${asked}, ${noneAdded}, nearest as materialized (${nearest})` }
  }
  const candidates = parameter(from.entities, 'uuid[]')
  const next = parameter(from.since.next, 'xid8')
  const running = parameter(from.since.running, 'xid8[]')
  const added = addedSince(schema, model, { next, running })
  const nearest = nearestOfCandidates(names, { candidates, conditions })
  return {
    name: 'candidates',
    tables: `${asked}, added as materialized (${added}), nearest as materialized (${nearest})`,
  }
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
