import type { EntityId, UserId } from '@synap/core'
import { type Client, execute, query, toTimestamptz } from '@synap/postgres'
import type { EntityRow } from '../fold-events.ts'

interface Row {
  entity_id: EntityId
  user_id: UserId
  type: string
  title: string | null
  content_hash: string | null
  object_key: string | null
  file_type: string | null
  content_size: number | null
  version: number
  captured_at: number
  time_zone: string | null
  deleted: boolean
}

/** What is known of these items, by id; unknown ones are left out. */
export async function findEntities(client: Client, ids: readonly string[]): Promise<Map<string, EntityRow>> {
  const rows = await query<Row>(client, {
    name: 'enrich.find_entities',
    text: `select entity_id, user_id, type, title, content_hash, object_key, file_type, content_size, version,
             captured_at, time_zone, deleted
           from enrich.entities where entity_id = any ($1::uuid[])`,
    values: [ids],
  })
  return new Map(rows.map((row) => [row.entity_id, entityOf(row)]))
}

/** Writes items as they are now; each id at most once. */
export async function upsertEntities(client: Client, entities: readonly EntityRow[]): Promise<void> {
  await execute(client, {
    name: 'enrich.upsert_entities',
    text: `insert into enrich.entities as e (entity_id, user_id, type, title, content_hash, object_key, file_type,
             content_size, version, captured_at, time_zone, deleted)
           select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
             $8::bigint[], $9::int[], $10::timestamptz[], $11::text[], $12::boolean[])
           on conflict (entity_id) do update set type = excluded.type, title = excluded.title,
             content_hash = excluded.content_hash, object_key = excluded.object_key, file_type = excluded.file_type,
             content_size = excluded.content_size, version = excluded.version, captured_at = excluded.captured_at,
             time_zone = excluded.time_zone, deleted = excluded.deleted`,
    values: [
      entities.map(({ entityId }) => entityId),
      entities.map(({ userId }) => userId),
      entities.map(({ type }) => type),
      entities.map(({ title }) => title),
      entities.map(({ content }) => content?.hash ?? null),
      entities.map(({ content }) => content?.objectKey ?? null),
      entities.map(({ content }) => content?.fileType ?? null),
      entities.map(({ content }) => content?.size ?? null),
      entities.map(({ version }) => version),
      entities.map(({ capturedAt }) => toTimestamptz(capturedAt)),
      entities.map(({ timeZone }) => timeZone),
      entities.map(({ deleted }) => deleted),
    ],
  })
}

function entityOf(row: Row): EntityRow {
  const { content_hash: hash, object_key: objectKey, file_type: fileType } = row
  const content =
    hash === null || objectKey === null || fileType === null
      ? null
      : { hash, objectKey, fileType, size: row.content_size ?? 0 }
  return {
    entityId: row.entity_id,
    userId: row.user_id,
    type: row.type,
    title: row.title,
    content,
    version: row.version,
    capturedAt: row.captured_at,
    timeZone: row.time_zone,
    deleted: row.deleted,
  }
}
