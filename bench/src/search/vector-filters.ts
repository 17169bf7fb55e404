import type { SearchQuestion } from '@synap/query/search-question'

/**
 * What a question is narrowed by, in the same way for all: entities fall into a hundred buckets by the end of their id. Peers
 * have the bucket as a column beside the vector, with a b-tree over user and bucket; Synap has what people filter by.
 */
export interface VectorFilter {
  /** Empty: no filter. */
  name: string
  /** Those from the first up to, not with, the second pass. */
  buckets: readonly [from: number, to: number]
  filter: SearchQuestion['filter']
}

export const vectorFilters: readonly VectorFilter[] = [
  { name: '', buckets: [0, 100], filter: {} },
  { name: 'of a type (50 %)', buckets: [0, 50], filter: { types: ['idea'] } },
  {
    name: 'created after a day (10 %)',
    buckets: [0, 10],
    filter: { createdAfter: Date.parse('2026-04-01T00:00:00Z') },
  },
  { name: 'with a tag (1 %)', buckets: [7, 8], filter: { tags: ['rare'] } },
]

export function passes({ buckets: [from, to] }: VectorFilter, entityId: string): boolean {
  const bucket = Number.parseInt(entityId.slice(-4), 16) % 100
  return bucket >= from && bucket < to
}

export const isFiltered = ({ name }: VectorFilter): boolean => name !== ''

/** The column of the peers. */
export const bucketColumn = `bucket smallint
  generated always as ((('x' || right(entity_id::text, 4))::bit(16)::int % 100)::smallint) stored`

/** For the where clause of a peer. */
export const conditionOf = (filter: VectorFilter): string =>
  isFiltered(filter) ? `and bucket >= ${filter.buckets[0]} and bucket < ${filter.buckets[1]}` : ''

/** Entities to the vectors, with what the filters look at. */
export const insertEntities = `
  insert into read_v1.entities (entity_id, user_id, type, subject_sha256, attachments, metadata, provenance,
    suggestions, rejected, version, sequence, created_at, updated_at)
  select entity_id, user_id, case when bucket < 50 then 'idea' else 'note' end, content_sha256, '[]', '{}', '{}', '[]',
    '[]', 1, 1, timestamptz '2026-04-11T00:00:00Z' - make_interval(hours => bucket * 24), now()
  from read_v1.entity_vectors;
  insert into read_v1.user_positions (user_id, seen) select user_id, count(*) from read_v1.entity_vectors group by 1;
  insert into read_v1.user_models select user_id, model, count(*) from read_v1.entity_vectors group by 1, 2;
  insert into read_v1.tags (tag_id, user_id, name, name_sequence)
  select gen_random_uuid(), user_id, 'rare', 1 from read_v1.user_models;
  insert into read_v1.entity_tags (entity_id, tag_id, user_id, provenance)
  select v.entity_id, t.tag_id, v.user_id, '{}' from read_v1.entity_vectors as v
  join read_v1.tags as t using (user_id) where v.bucket = 7;`
