import type { UploadTarget } from '@synap/contracts'
import type { EntityId, UserId } from '@synap/core'
import { type Client, type Pool, query, single } from '@synap/postgres'
import { ingest } from '../database.ts'

export interface NewUpload {
  uploadId: string
  entityId: EntityId
  objectKey: string
  sha256: string
  size: number
  contentType: string
  name: string | null
  target: UploadTarget
}

export type BeginUploadOutcome =
  | { outcome: 'begun'; now_ms: number }
  | { outcome: 'replay'; result: { uploadId: string } }
  | { outcome: 'mismatch' }
  | { outcome: 'in_flight'; retry_after_ms: number }

/** Opens an upload, with the lease of its object; the same request under a key gets the same upload. */
export async function beginUpload(
  pool: Pool,
  userId: UserId,
  upload: NewUpload,
  { idempotency, keepMs }: { idempotency: { key: string; requestHash: string } | null; keepMs: number },
): Promise<BeginUploadOutcome> {
  const { uploadId, entityId, objectKey, sha256, size, contentType, name, target } = upload
  const row = {
    upload_id: uploadId,
    entity_id: entityId,
    sha256,
    size,
    content_type: contentType,
    name,
    target,
  }
  const [found] = await single<{ answer: BeginUploadOutcome }>(
    pool,
    ingest,
    {
      text: `
        select write.begin_upload(
          $1::uuid, $2::text, decode($3::text, 'hex'), $4::text, $5::jsonb, make_interval(secs => $6::float8)
        ) as answer`,
      values: [
        userId,
        idempotency?.key ?? null,
        idempotency?.requestHash ?? null,
        objectKey,
        JSON.stringify(row),
        keepMs / 1000,
      ],
    },
    { retries: 3 },
  )
  if (found === undefined) throw new TypeError('write.begin_upload gave no row')
  return found.answer
}

export interface UploadRow {
  upload_id: string
  object_key: string
  /** 64 hexadecimal characters. */
  sha256: string
  size_bytes: number
  content_type: string
  file_name: string | null
  target: UploadTarget
  entity_id: EntityId
  lease_id: string
  /** Milliseconds since 1970. */
  expires_at: number
  expired: boolean
  completed: boolean
}

/** An upload of the user; undefined when it is not there, another's, or over for long. */
export async function findUpload(
  client: Client,
  userId: UserId,
  uploadId: string,
): Promise<UploadRow | undefined> {
  const [row] = await query<UploadRow>(client, {
    name: 'write.find_upload',
    text: `
      select u.upload_id, u.object_key, encode(u.sha256, 'hex') as sha256, u.size_bytes, u.content_type, u.file_name,
             u.target, u.entity_id, u.lease_id, u.expires_at, u.expires_at <= clock_timestamp() as expired,
             exists (select from write.objects o where o.object_key = u.object_key) as completed
        from write.uploads u
       where u.user_id = $1::uuid and u.upload_id = $2::uuid`,
    values: [userId, uploadId],
  })
  return row
}
