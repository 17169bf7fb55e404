import { isLiving } from './look-up.ts'

/** Vectors that are looked at more closely: long texts have several. */
export const nearestVectors = 400

/** How a statement names what it needs. */
export interface Names {
  schema: string
  /** The question's vector. */
  vector: string
  model: string
  /** Places of the order. */
  depth: string
  /** What the entities of vectors `v` are narrowed by; empty: nothing. */
  filter: string
}

/**
 * Where neighbours by meaning come from. `compared`: the nearest vectors of all of the user's; `indexed`: the nearest that
 * the index on vectors gives; both may leave less than there are once vectors of one text count once and those of old
 * content not at all. `everything` misses nothing.
 */
export type Neighbours = 'compared' | 'indexed' | 'everything'

/** The entities nearest to the question, each by its nearest chunk: all vectors are compared. */
export const nearestOfAll = ({ schema, vector, model, depth, filter }: Names) => `
  select d.entity_id, c.chunk, d.distance
  from (
    select v.entity_id, v.content_sha256, min(v.embedding operator(public.<=>) ${vector}) as distance
    from ${schema}.entity_vectors as v
    where v.model = ${model} ${filter}
    group by v.entity_id, v.content_sha256
    order by distance
  ) as d
  cross join lateral (${current(schema, 'd', 'e.subject_sha256 = d.content_sha256')}) as current
  cross join lateral (${nearestChunk({ schema, vector, model }, 'd')}) as c
  order by d.distance limit ${depth}`

/** The same from some of the vectors. */
export const nearestOfSome = (names: Names, from: 'compared' | 'indexed') => `
  select entity_id, chunk, distance from (
    select distinct on (found.entity_id) found.entity_id, found.chunk, found.distance
    from (${from === 'compared' ? nearestCompared(names) : nearestIndexed(names)}) as found
    cross join lateral (${current(names.schema, 'found', 'e.subject_sha256 = found.content_sha256')}) as current
    order by found.entity_id, found.distance, found.chunk
  ) as one_each
  order by distance limit ${names.depth}`

const nearestIndexed = (names: Names) => `
  ${distances(names)} order by v.embedding operator(public.<=>) ${names.vector} limit ${nearestVectors}`

/** `offset 0` keeps the index out, which would be a guess, and each distance is taken once: not for the order and once more. */
const nearestCompared = (names: Names) => `
  select * from (${distances(names)} offset 0) as compared order by compared.distance limit ${nearestVectors}`

const distances = ({ schema, vector, model, filter }: Names) => `
  select v.entity_id, v.content_sha256, v.chunk, v.embedding operator(public.<=>) ${vector} as distance
  from ${schema}.entity_vectors as v
  where v.model = ${model} ${filter}`

/** See `lookUp`. */
const current = (schema: string, of: string, condition: string) => `
  select from ${schema}.own_entities as e
  where e.entity_id = ${of}.entity_id and ${condition} and ${isLiving('e')} offset 0`

/** `offset 0`: the distance of each is taken once, not again for the order. */
const nearestChunk = ({ schema, vector, model }: Pick<Names, 'schema' | 'vector' | 'model'>, of: string) => `
  select one.chunk, one.distance from (
    select v.chunk, v.embedding operator(public.<=>) ${vector} as distance from ${schema}.own_entity_vectors as v
    where v.entity_id = ${of}.entity_id and v.content_sha256 = ${of}.content_sha256 and v.model = ${model} offset 0
  ) as one
  order by one.distance, one.chunk limit 1`
