import type { RelationType } from '@synap/contracts'
import type { EntityId, RelationId, UserId } from '@synap/core'
import type { RelationState } from '@synap/domain'
import { type Client, execute, query } from '@synap/postgres'
import type { Owned } from '../fold-events.ts'
import { type Column, toRowSet } from './columns.ts'

interface RelationRow {
  relation_id: RelationId
  user_id: UserId
  type: RelationType
  source_id: EntityId
  target_id: EntityId
  version: number
  sequence: number
  created_at: number
  updated_at: number
  deleted: boolean
}

/** The states of these relations; those that are not there are left out. */
export async function findRelationStates(
  client: Client,
  schema: string,
  ids: readonly string[],
): Promise<Map<string, Owned<RelationState>>> {
  const rows = await query<RelationRow>(client, {
    name: `${schema}.find_relation_states`,
    text: `select * from ${schema}.relations where relation_id = any($1::uuid[])`,
    values: [ids],
  })
  return new Map(
    rows.map((row) => [
      row.relation_id,
      {
        userId: row.user_id,
        state: {
          aggregate: 'relation',
          id: row.relation_id,
          type: row.type,
          source: row.source_id,
          target: row.target_id,
          version: row.version,
          sequence: row.sequence,
          createdAt: row.created_at,
          updatedAt: row.updated_at,
          deleted: row.deleted,
        },
      },
    ]),
  )
}

export const relationColumns: readonly Column<Owned<RelationState>>[] = [
  ['relation_id', 'uuid', ({ state }) => state.id],
  ['user_id', 'uuid', ({ userId }) => userId],
  ['type', 'text', ({ state }) => state.type],
  ['source_id', 'uuid', ({ state }) => state.source],
  ['target_id', 'uuid', ({ state }) => state.target],
  ['version', 'int', ({ state }) => state.version],
  ['sequence', 'bigint', ({ state }) => state.sequence],
  ['created_at', 'timestamptz', ({ state }) => state.createdAt ?? 0],
  ['updated_at', 'timestamptz', ({ state }) => state.updatedAt ?? 0],
  ['deleted', 'bool', ({ state }) => state.deleted],
]

/** Writes states that are newer than the stored ones; not of relations with an end that is gone for good. */
export async function upsertRelations(
  client: Client,
  schema: string,
  relations: readonly Owned<RelationState>[],
): Promise<void> {
  const set = toRowSet(relationColumns, relations)
  await execute(client, {
    name: `${schema}.upsert_relations`,
    text: `
      insert into ${schema}.relations as r0 (${set.names}) 
      select ${set.names} from ${set.from}
      where not exists (select from ${schema}.purged as p where p.subject_id in (r.source_id, r.target_id))
      order by relation_id
      on conflict (relation_id) do update set type = excluded.type, source_id = excluded.source_id,
        target_id = excluded.target_id, version = excluded.version, sequence = excluded.sequence,
        updated_at = excluded.updated_at, deleted = excluded.deleted
      where r0.version < excluded.version and r0.user_id = excluded.user_id`,
    values: set.values,
  })
}
