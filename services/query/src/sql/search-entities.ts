import { type Client, execute, query, toVector } from '@synap/postgres'
import { conditionsOf, type EntityFilter } from './list-entities.ts'

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
}

/** Matches by words that are ranked, and the depth to which both orders are fused. */
const rankedMatches = 250
const depth = 100
/** Rows of the index on vectors that are visited at most before all of a user's vectors are compared. */
export const scannedTuples = 40_000
/** Vectors that are looked at more closely: long texts have several. */
const nearestVectors = 400

/**
 * Where neighbours by meaning come from. `compared`: the nearest vectors of all of the user's; `indexed`: the nearest that
 * the index on vectors gives; both may leave less than there are once vectors of one text count once and those of old
 * content not at all. `everything` misses nothing.
 */
export type Neighbours = 'compared' | 'indexed' | 'everything'

/**
 * Words and meaning in one statement, fused by reciprocal rank (k = 60; Cormack, Clarke, Büttcher 2009). Words: the
 * owner's function, so that the index on words serves under row security. Only vectors of the entity's current content
 * count. A filter narrows both before anything is cut off.
 */
export async function searchEntities(
  client: Client,
  schema: string,
  question: SearchQuestion,
  from: Neighbours,
): Promise<SearchRow[]> {
  const values: unknown[] = []
  const parameter = (value: unknown, type: string) => `$${values.push(value)}::${type}`
  const text = parameter(question.text, 'text')
  const configs = parameter(question.configs, 'text[]')
  const asked = parameter(
    question.vector === null ? null : toVector(question.vector.values),
    'public.halfvec(1536)',
  )
  const model = parameter(question.vector?.model ?? null, 'text')
  const fused = parameter(Math.max(depth, question.limit), 'int')
  const limit = parameter(question.limit, 'int')
  const least = parameter(question.leastLikeness, 'float8')
  const conditions = conditionsOf(schema, question.filter, parameter)
  const filtered = conditions.length > 0
  const names: Names = { vector: '(select vector from asked)', model, fused, filtered }
  return query<SearchRow>(client, {
    ...(filtered ? {} : { name: `${schema}.search_entities_${from}` }),
    text: `
      with asked as materialized (select ${asked} as vector),
      ${filtered ? `allowed as materialized (${allowedEntities(schema, conditions)}),` : ''}
      text_leg as (
        select m.entity_id, m.corrected, row_number() over (order by m.rank desc, m.entity_id desc) as place
        from ${schema}.match_words(${text}, ${configs},
          ${filtered ? `(select coalesce(array_agg(entity_id), '{}') from allowed)` : 'null'}, ${rankedMatches}) as m
        order by place limit ${fused}
      ), nearest as materialized (${from === 'everything' ? nearestOfAll(schema, names) : nearestOfSome(schema, names, from)}
      ), vector_leg as (
        select n.*, row_number() over (order by n.distance, n.entity_id desc) as place
        from nearest as n
        where ${least} is null or 1 - n.distance >= greatest(${least}, (select 1 - min(distance) from nearest) / 2)
      ), fused as materialized (
        -- Materialized: row security lets no expression but a column look entities up.
        select entity_id, t.place as text_place, t.corrected, v.place as vector_place, v.distance, v.chunk,
          (coalesce(1.0 / (60 + t.place), 0) + coalesce(1.0 / (60 + v.place), 0))::float8 as score
        from text_leg as t full join vector_leg as v using (entity_id)
      )
      select fused.*, (select count(*) from nearest)::int as neighbours
      from fused cross join lateral (
        select from ${schema}.entities as e where e.entity_id = fused.entity_id and e.deleted_at is null offset 0
      ) as there
      order by score desc, entity_id desc
      limit ${limit}`,
    values,
  })
}

const allowedEntities = (schema: string, conditions: readonly string[]) => `
  select e.entity_id from ${schema}.entities as e left join ${schema}.task_details as t using (entity_id)
  where e.deleted_at is null and ${conditions.join(' and ')}`

interface Names {
  vector: string
  model: string
  fused: string
  filtered: boolean
}

/** The entities nearest to the question, each by its nearest chunk: all vectors are compared. */
const nearestOfAll = (schema: string, { vector, model, fused, filtered }: Names) => `
  select d.entity_id, c.chunk, d.distance
  from (
    select v.entity_id, v.content_sha256, min(v.embedding operator(public.<=>) ${vector}) as distance
    from ${schema}.entity_vectors as v
    where v.model = ${model} ${filtered ? 'and v.entity_id in (select entity_id from allowed)' : ''}
    group by v.entity_id, v.content_sha256
    order by distance
  ) as d
  cross join lateral (
    select from ${schema}.entities as e
    where e.entity_id = d.entity_id and e.subject_sha256 = d.content_sha256 and e.deleted_at is null
    offset 0
  ) as current
  cross join lateral (
    select v.chunk from ${schema}.entity_vectors as v
    where v.entity_id = d.entity_id and v.content_sha256 = d.content_sha256 and v.model = ${model}
    order by (v.embedding operator(public.<=>) ${vector}) + 0, v.chunk limit 1
  ) as c
  order by d.distance limit ${fused}`

/** The same from some of the vectors. `+ 0` keeps the index out where all are compared: it would be a guess. */
const nearestOfSome = (
  schema: string,
  { vector, model, fused, filtered }: Names,
  from: 'compared' | 'indexed',
) => `
  select entity_id, chunk, distance from (
    select distinct on (found.entity_id) found.entity_id, found.chunk, found.distance
    from (
      select v.entity_id, v.content_sha256, v.chunk, v.embedding operator(public.<=>) ${vector} as distance
      from ${schema}.entity_vectors as v
      where v.model = ${model} ${filtered ? 'and v.entity_id in (select entity_id from allowed)' : ''}
      order by (v.embedding operator(public.<=>) ${vector})${from === 'compared' ? ' + 0' : ''} limit ${nearestVectors}
    ) as found
    cross join lateral (
      select from ${schema}.entities as e
      where e.entity_id = found.entity_id and e.subject_sha256 = found.content_sha256 and e.deleted_at is null
      offset 0
    ) as current
    order by found.entity_id, found.distance, found.chunk
  ) as one_each
  order by distance limit ${fused}`

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
