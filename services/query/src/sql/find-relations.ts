import { type Client, query, toTimestamptz } from '@synap/postgres'
import type { ListPosition } from '../cursor.ts'

/** Times in milliseconds since 1970. */
export interface RelationRow {
  relation_id: string
  type: string
  source_id: string
  target_id: string
  version: number
  sequence: number
  created_at: number
}

/** What is left out does not filter. */
export interface RelationFilter {
  entity?: string | undefined
  direction?: 'in' | 'out' | 'both' | undefined
  type?: string | undefined
}

/** Relations of which both ends are there and not deleted. */
const selectRelations = (schema: string) => `
  select r.relation_id, r.type, r.source_id, r.target_id, r.version, r.sequence, r.created_at
  from ${schema}.relations as r
  join ${schema}.entities as s on s.entity_id = r.source_id and s.deleted_at is null
  join ${schema}.entities as t on t.entity_id = r.target_id and t.deleted_at is null
  where not r.deleted`

/** Newest first; after `position` when one is given. */
export function listRelations(
  client: Client,
  schema: string,
  { entity, direction = 'both', type }: RelationFilter,
  page: { after: ListPosition | undefined; limit: number },
): Promise<RelationRow[]> {
  const { after } = page
  return query<RelationRow>(client, {
    name: `${schema}.list_relations`,
    text: `${selectRelations(schema)}
      and ($1::uuid is null
        or ($2::text <> 'in' and r.source_id = $1::uuid) or ($2::text <> 'out' and r.target_id = $1::uuid))
      and ($3::text is null or r.type = $3::text)
      and ($4::timestamptz is null or (r.created_at, r.relation_id) < ($4::timestamptz, $5::uuid))
      order by r.created_at desc, r.relation_id desc limit $6::int`,
    values: [
      entity ?? null,
      direction,
      type ?? null,
      after === undefined ? null : toTimestamptz(after.createdAt),
      after?.id ?? null,
      page.limit,
    ],
  })
}

export async function findRelation(
  client: Client,
  schema: string,
  id: string,
): Promise<RelationRow | undefined> {
  const [row] = await query<RelationRow>(client, {
    name: `${schema}.find_relation`,
    text: `${selectRelations(schema)} and r.relation_id = $1::uuid`,
    values: [id],
  })
  return row
}

/** Relations with an end among these, oldest first. */
export function findRelationsOf(
  client: Client,
  schema: string,
  { entities, type, limit }: { entities: readonly string[]; type: string | undefined; limit: number },
): Promise<RelationRow[]> {
  return query<RelationRow>(client, {
    name: `${schema}.find_relations_of`,
    text: `${selectRelations(schema)}
      and (r.source_id = any($1::uuid[]) or r.target_id = any($1::uuid[]))
      and ($2::text is null or r.type = $2::text)
      order by r.created_at, r.relation_id limit $3::int`,
    values: [entities, type ?? null, limit],
  })
}
