import type { EntityId } from '@synap/core'
import { type Client, query } from '@synap/postgres'
import { isLiving, lookUp, tagOf } from './look-up.ts'

/** A file besides the content, as its event tells it. */
export interface AttachmentRow {
  /** In the object store. */
  key: string
  name: string
  size: number
  sha256: string
  contentType: string
  fileType: string
}

/** An entity as the read model holds it, with task and tags; times in milliseconds since 1970. */
export interface EntityRow {
  entity_id: string
  type: string
  title: string | null
  preview: string | null
  summary: string | null
  language: string | null
  people: string[]
  content_key: string | null
  content_sha256: string | null
  content_size: number | null
  content_type: string | null
  file_type: string | null
  uploaded_at: number | null
  attachments: AttachmentRow[]
  metadata: Record<string, unknown>
  /** By type or trait; those of a task are columns. */
  particulars: Record<string, unknown>
  provenance: Record<string, unknown>
  suggestions: unknown[]
  version: number
  sequence: number
  created_at: number
  updated_at: number
  task_status: string | null
  task_priority: number | null
  task_due: string | null
  task_completed_at: number | null
  tags: { id: string; name: string; provenance: unknown }[]
}

/** What is told of an entity `e`, its task `t` and its `tags`. */
const columns = (tags: string) => `
  e.entity_id, e.type, e.title, e.preview, e.summary, e.language, e.people, e.content_key, e.content_sha256,
    e.content_size, e.content_type, e.file_type, e.uploaded_at, e.attachments, e.metadata,
    e.particulars, e.provenance, e.suggestions, e.version, e.sequence, e.created_at,
    e.updated_at, t.status as task_status, t.priority as task_priority, t.due as task_due,
    t.completed_at as task_completed_at,
    coalesce((
      select jsonb_agg(jsonb_build_object('id', tags.tag_id, 'name', tags.name, 'provenance', et.provenance)
        order by tags.name, tags.tag_id)
      from ${tags} where et.entity_id = e.entity_id
    ), '[]') as tags`

/** The same of those that are looked up. */
export const ownColumns = (schema: string): string =>
  columns(`${schema}.own_entity_tags as et ${tagOf(schema)}`)

/** Of all of the user's. `more`: another column. */
export const selectEntities = (schema: string, more?: string) => `
  select ${more === undefined ? '' : `${more},`} ${columns(`${schema}.entity_tags as et join ${schema}.tags using (tag_id)`)}
  from ${schema}.entities as e
  left join ${schema}.task_details as t on t.entity_id = e.entity_id`

/** Entities that are there and not deleted, in no order. */
export async function findEntities(
  client: Client,
  schema: string,
  ids: readonly string[],
): Promise<EntityRow[]> {
  return query<EntityRow>(client, {
    name: `${schema}.find_entities`,
    text: `
      select ${ownColumns(schema)}
      from unnest($1::uuid[]) as wanted (entity_id)
      ${lookUp(schema, 'entities', 'e', `e.entity_id = wanted.entity_id and ${isLiving('e')}`)}
      left ${lookUp(schema, 'task_details', 't', 't.entity_id = e.entity_id')}`,
    values: [Array.from(new Set(ids))],
  })
}

export async function findEntity(
  client: Client,
  schema: string,
  id: EntityId,
): Promise<EntityRow | undefined> {
  const [row] = await findEntities(client, schema, [id])
  return row
}

/** Tags of one user are unique in this form; names are stored tidy, so that `lower` in SQL gives the same. */
export function comparableTag(name: string): string {
  return name.normalize('NFC').trim().replace(/\s+/gu, ' ').toLowerCase()
}
