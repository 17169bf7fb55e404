import { type Client, query, toTimestamptz } from '@synap/postgres'
import type { ListPosition } from '../cursor.ts'
import { isLiving, lookUp } from './look-up.ts'

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

/** Relations of which both ends are there and not deleted: in the order of `rows`, so that no more ends are looked up than are shown. */
const selectRelations = (schema: string, table: 'relations' | 'own_relations', rows: string) => `
  select r.relation_id, r.type, r.source_id, r.target_id, r.version, r.sequence, r.created_at
  from (select * from ${schema}.${table} as r where not r.deleted and ${rows} offset 0) as r
  ${lookUp(schema, 'entities', 's', `s.entity_id = r.source_id and ${isLiving('s')}`)}
  ${lookUp(schema, 'entities', 't', `t.entity_id = r.target_id and ${isLiving('t')}`)}`

/** Newest first; after `position` when one is given. */
export function listRelations(
  client: Client,
  schema: string,
  { entity, direction = 'both', type }: RelationFilter,
  page: { after: ListPosition | undefined; limit: number },
): Promise<RelationRow[]> {
  const { after } = page
  return query<RelationRow>(client, {
    text: `${selectRelations(
      schema,
      'relations',
      `($1::uuid is null
        or ($2::text <> 'in' and r.source_id = $1::uuid) or ($2::text <> 'out' and r.target_id = $1::uuid))
      and ($3::text is null or r.type = $3::text)
      and ($4::timestamptz is null or (r.created_at, r.relation_id) < ($4::timestamptz, $5::uuid))
      order by r.created_at desc, r.relation_id desc`,
    )} order by r.created_at desc, r.relation_id desc limit $6::int`,
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
    text: selectRelations(schema, 'own_relations', 'r.relation_id = $1::uuid'),
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
    text: `${selectRelations(
      schema,
      'relations',
      `(r.source_id = any($1::uuid[]) or r.target_id = any($1::uuid[]))
      and ($2::text is null or r.type = $2::text) order by r.created_at, r.relation_id`,
    )} order by r.created_at, r.relation_id limit $3::int`,
    values: [entities, type ?? null, limit],
  })
}
