import type { Attachment, EntityType, FileReference, FileType, JsonObject } from '@synap/contracts'
import { type EntityId, sha256Hex, type UserId } from '@synap/core'
import type { EntityState, TagState, TaskState } from '@synap/domain'
import { type Client, query } from '@synap/postgres'
import type { OwnedEntity } from '../fold-events.ts'
import { type Column, toRowSet } from './columns.ts'

interface EntityRow {
  entity_id: EntityId
  user_id: UserId
  type: EntityType
  title: string | null
  preview: string | null
  summary: string | null
  language: string | null
  people: EntityState['people']
  content_key: string | null
  content_sha256: string
  content_size: number
  content_type: string
  file_type: FileType
  uploaded_at: number
  attachments: Attachment[]
  metadata: JsonObject
  particulars: EntityState['particulars']
  provenance: EntityState['provenance']
  suggestions: EntityState['suggestions']
  rejected: EntityState['rejected']
  version: number
  sequence: number
  created_at: number
  updated_at: number
  deleted_at: number | null
  status: TaskState['status'] | null
  priority: TaskState['priority']
  due: string | null
  completed_by: TaskState['completedBy']
  completed_at: number | null
  tags: TagState[]
}

/** The states of these entities; those that are not there are left out. The caller holds their users' positions. */
export async function findEntityStates(
  client: Client,
  schema: string,
  ids: readonly string[],
): Promise<Map<string, OwnedEntity>> {
  const rows = await query<EntityRow>(client, {
    name: `${schema}.find_entity_states`,
    text: `
      select e.*, t.status, t.priority, t.due, t.completed_by, t.completed_at,
        coalesce((
          select jsonb_agg(jsonb_build_object('id', tag_id, 'name', coalesce(tags.name, ''), 'provenance',
            et.provenance) order by tag_id)
          from ${schema}.entity_tags as et left join ${schema}.tags using (tag_id) where et.entity_id = e.entity_id
        ), '[]') as tags
      from ${schema}.entities as e
      left join ${schema}.task_details as t using (entity_id)
      where e.entity_id = any($1::uuid[])`,
    values: [ids],
  })
  return new Map(
    rows.map((row) => [
      row.entity_id,
      { userId: row.user_id, state: toState(row), deletedAt: row.deleted_at },
    ]),
  )
}

function toState(row: EntityRow): EntityState {
  const task: TaskState | null =
    row.status === null
      ? null
      : {
          status: row.status,
          priority: row.priority,
          due: row.due,
          completedBy: row.completed_by,
          completedAt: row.completed_at,
        }
  return {
    aggregate: 'entity',
    id: row.entity_id,
    type: row.type,
    title: row.title,
    preview: row.preview,
    summary: row.summary,
    language: row.language,
    people: row.people,
    content: toContent(row),
    attachments: row.attachments,
    tags: row.tags,
    particulars: { ...row.particulars, ...(task === null ? {} : { task }) },
    metadata: row.metadata,
    suggestions: row.suggestions,
    rejected: row.rejected,
    deleted: row.deleted_at !== null,
    purged: false,
    provenance: row.provenance,
    version: row.version,
    sequence: row.sequence,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function toContent(row: EntityRow): FileReference | null {
  if (row.content_key === null) return null
  return {
    key: row.content_key,
    sha256: row.content_sha256,
    size: row.content_size,
    contentType: row.content_type,
    fileType: row.file_type,
    uploadedAt: row.uploaded_at,
  }
}

/** What enrichers hash: the content, or the title of an entity without content. */
function subjectOf({ content, title }: EntityState): string | null {
  return content?.sha256 ?? (title === null ? null : sha256Hex(title))
}

/** A task's are columns of their own, which can be asked for. */
function withoutTask(particulars: EntityState['particulars']): object {
  const { task: _, ...others } = particulars
  return others
}

/** All that the fold decides; `projected_at` has a default. */
export const entityColumns: readonly Column<OwnedEntity>[] = [
  ['entity_id', 'uuid', ({ state }) => state.id],
  ['user_id', 'uuid', ({ userId }) => userId],
  ['type', 'text', ({ state }) => state.type],
  ['title', 'text', ({ state }) => state.title],
  ['preview', 'text', ({ state }) => state.preview],
  ['summary', 'text', ({ state }) => state.summary],
  ['language', 'text', ({ state }) => state.language],
  ['people', 'jsonb', ({ state }) => state.people],
  ['content_key', 'text', ({ state }) => state.content?.key ?? null],
  ['content_sha256', 'text', ({ state }) => state.content?.sha256 ?? null],
  ['content_size', 'bigint', ({ state }) => state.content?.size ?? null],
  ['content_type', 'text', ({ state }) => state.content?.contentType ?? null],
  ['file_type', 'text', ({ state }) => state.content?.fileType ?? null],
  ['uploaded_at', 'timestamptz', ({ state }) => state.content?.uploadedAt ?? null],
  ['subject_sha256', 'text', ({ state }) => subjectOf(state)],
  ['attachments', 'jsonb', ({ state }) => state.attachments],
  ['metadata', 'jsonb', ({ state }) => state.metadata],
  ['particulars', 'jsonb', ({ state }) => withoutTask(state.particulars)],
  ['provenance', 'jsonb', ({ state }) => state.provenance],
  ['suggestions', 'jsonb', ({ state }) => state.suggestions],
  ['rejected', 'jsonb', ({ state }) => state.rejected],
  ['version', 'int', ({ state }) => state.version],
  ['sequence', 'bigint', ({ state }) => state.sequence],
  ['created_at', 'timestamptz', ({ state }) => state.createdAt],
  ['updated_at', 'timestamptz', ({ state }) => state.updatedAt],
  ['deleted_at', 'timestamptz', ({ deletedAt }) => deletedAt],
]

/** Writes states that are newer than the stored ones; answers the ids of those written. */
export async function upsertEntities(
  client: Client,
  schema: string,
  entities: readonly OwnedEntity[],
): Promise<Set<string>> {
  const set = toRowSet(entityColumns, entities)
  const updates = entityColumns
    .map(([name]) => name)
    .filter((name) => !['entity_id', 'user_id', 'created_at'].includes(name))
    .map((name) => `${name} = excluded.${name}`)
  const rows = await query<{ entity_id: string }>(client, {
    name: `${schema}.upsert_entities`,
    text: `
      insert into ${schema}.entities as e (${set.names})
      select ${set.names} from ${set.from} order by entity_id
      on conflict (entity_id) do update set ${updates.join(', ')},
        projected_at = clock_timestamp()
      where e.version < excluded.version and e.user_id = excluded.user_id
      returning e.entity_id`,
    values: set.values,
  })
  return new Set(rows.map((row) => row.entity_id))
}
