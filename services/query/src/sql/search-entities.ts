import { type Client, execute, query, toVector } from '@synap/postgres'

/** A user's vectors by model, most first. */
export interface UserModel {
  model: string
  vectors: number
}

export async function findUserModels(client: Client, schema: string): Promise<UserModel[]> {
  return query<UserModel>(client, {
    name: `${schema}.find_user_models`,
    text: `select model, vectors from ${schema}.user_models where vectors > 0 order by vectors desc, model`,
  })
}

/** The text search configurations of a user's documents, found by jumping through the index. */
export async function findTextConfigs(client: Client, schema: string): Promise<string[]> {
  const rows = await query<{ config: string }>(client, {
    name: `${schema}.find_text_configs`,
    text: `
      with recursive configs as (
        (select config from ${schema}.entity_lexemes order by config limit 1)
        union all
        select (select next.config from ${schema}.entity_lexemes as next
          where next.config > configs.config order by next.config limit 1)
        from configs where configs.config is not null
      )
      select config from configs where config is not null`,
  })
  return rows.map((row) => row.config)
}

export interface SearchQuestion {
  /** What was asked; null leaves words out. */
  text: string | null
  /** Text search configurations to understand it in. */
  configs: readonly string[]
  /** The question's embedding and its model; null leaves meaning out. */
  vector: { values: Float32Array; model: string } | null
  /** Entities of this type only. */
  type: string | null
  /** How many the answer may hold. */
  limit: number
}

export interface SearchRow {
  entity_id: string
  score: number
  /** Place among the matches by words, from 1; null = no match. */
  text_place: number | null
  /** Place among the neighbours by meaning, from 1. */
  vector_place: number | null
  /** Cosine distance of the nearest chunk, 0 to 2. */
  distance: number | null
  /** The nearest chunk. */
  chunk: number | null
}

/** Matches by words that are ranked, and the depth to which both orders are fused. */
const rankedMatches = 2_000
const depth = 100

/**
 * Words and meaning in one statement, fused by reciprocal rank (k = 60; Cormack, Clarke, Büttcher 2009). Words: the
 * owner's function, so that the index on words serves under row security. Meaning: all vectors of the user are compared
 * (`exact`), or the nearest are taken from the index on vectors. Only vectors of the entity's current content count.
 */
export async function searchEntities(
  client: Client,
  schema: string,
  question: SearchQuestion,
  exact: boolean,
): Promise<SearchRow[]> {
  const fused = Math.max(depth, question.limit)
  return query<SearchRow>(client, {
    name: `${schema}.search_entities_${exact ? 'exact' : 'indexed'}`,
    text: `
      with text_leg as (
        select m.entity_id, row_number() over (order by m.rank desc, m.entity_id desc) as place
        from ${schema}.match_text(${schema}.to_question($1::text, $2::text[]), ${rankedMatches}) as m
        join ${schema}.entities as e using (entity_id)
        where e.deleted_at is null and ($7::text is null or e.type = $7::text)
        order by place
        limit $5::int
      ), distances as materialized (
        select v.entity_id, v.chunk, v.embedding operator(public.<=>) $3::public.halfvec(1536) as distance
        from ${schema}.entity_vectors as v
        join ${schema}.entities as e
          on e.entity_id = v.entity_id and e.subject_sha256 = v.content_sha256 and e.deleted_at is null
        where v.model = $4::text and ($7::text is null or e.type = $7::text)
        ${exact ? '' : 'order by v.embedding operator(public.<=>) $3::public.halfvec(1536) limit $5::int * 4'}
      ), nearest as (
        select distinct on (entity_id) entity_id, chunk, distance from distances order by entity_id, distance, chunk
      ), vector_leg as (
        select nearest.*, row_number() over (order by distance, entity_id desc) as place
        from nearest order by place limit $5::int
      )
      select e.entity_id, t.place as text_place, v.place as vector_place, v.distance, v.chunk,
        (coalesce(1.0 / (60 + t.place), 0) + coalesce(1.0 / (60 + v.place), 0))::float8 as score
      from text_leg as t
      full join vector_leg as v using (entity_id)
      join ${schema}.entities as e using (entity_id)
      where e.deleted_at is null
      order by score desc, entity_id desc
      limit $6::int`,
    values: [
      question.text,
      question.configs,
      question.vector === null ? null : toVector(question.vector.values),
      question.vector?.model ?? null,
      fused,
      question.limit,
      question.type,
    ],
  })
}

/**
 * Lets a scan of the index on vectors go on, in exact order, until enough rows of this user are found or `tuples` are
 * visited: without it another user's vectors, being nearer, would leave this one with less than asked.
 */
export async function allowIterativeScan(client: Client, tuples: number): Promise<void> {
  await execute(client, {
    text: `select set_config('hnsw.iterative_scan', 'strict_order', true),
      set_config('hnsw.max_scan_tuples', $1::text, true)`,
    values: [String(tuples)],
  })
}
