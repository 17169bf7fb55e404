import type { UploadRequest, UploadView } from '@synap/contracts'
import { type EntityId, uuidv7 } from '@synap/core'
import { problem } from '@synap/http'
import { attachmentKey, contentKey, displayName, type ObjectStore } from '@synap/object-store'
import type { Caller, RequestKey } from '../caller.ts'
import { clockDifference, maxClockDifferenceMs } from '../clock-difference.ts'
import { inTransaction } from '../database.ts'
import type { WriteDependencies, WriteRefusal } from '../decide-and-append.ts'
import { describedBy } from '../files/capture-file.ts'
import { assertTakesWrites } from '../outbox-watch.ts'
import { readAggregates } from '../read-aggregates.ts'
import { beginUpload, findUpload, type NewUpload, type UploadRow } from '../sql/uploads.ts'

export interface UploadDependencies extends WriteDependencies {
  store: ObjectStore
  /** The most bytes of any file. */
  maxUploadBytes: number
}

export interface OpenUpload {
  caller: Caller
  body: UploadRequest
  request: RequestKey | null
}

export type OpenedUpload =
  | { outcome: 'opened'; upload: UploadView; replayed: boolean }
  | Extract<WriteRefusal, { outcome: 'in_flight' | 'mismatch' }>

/** From here on an upload has to be completed. */
const keepMs = 24 * 3_600_000
const linkSeconds = 300
const anyType = 'application/octet-stream'

/**
 * Opens an upload: minted ids, a lease on the object's key, and a request that puts exactly the announced bytes there.
 * Throws the problems `tooLarge`, `validation` and `notFound` (no such entity).
 */
export async function openUpload(
  dependencies: UploadDependencies,
  { caller, body, request }: OpenUpload,
): Promise<OpenedUpload> {
  const { pool, store, outbox, maxUploadBytes } = dependencies
  assertTakesWrites(outbox)
  if (!store.canPresign) throw problem('unavailable', { detail: 'This store takes no direct uploads.' })
  if (body.size > maxUploadBytes) {
    const detail = `A file may have ${maxUploadBytes.toLocaleString('en-US')} bytes at most.`
    throw problem('tooLarge', { detail, extensions: { limit: maxUploadBytes } })
  }
  const upload = await minted(dependencies, caller, body)
  const begun = await beginUpload(pool, caller.userId, upload, { idempotency: request, keepMs })
  if (begun.outcome === 'mismatch') return begun
  if (begun.outcome === 'in_flight') return { outcome: 'in_flight', retryAfterMs: begun.retry_after_ms }
  if (begun.outcome === 'begun') assertClock(begun.now_ms)
  const replayed = begun.outcome === 'replay'
  const uploadId = begun.outcome === 'replay' ? begun.result.uploadId : upload.uploadId
  return { outcome: 'opened', upload: await viewUpload(dependencies, caller, uploadId), replayed }
}

/** An upload of the caller as it is now, with a fresh request for its bytes. Throws the problems `notFound` and `gone`. */
export async function viewUpload(
  { pool, store }: Pick<UploadDependencies, 'pool' | 'store'>,
  { userId }: Caller,
  uploadId: string,
): Promise<UploadView> {
  const row = await inTransaction(pool, (client) => findUpload(client, userId, uploadId), { readOnly: true })
  if (row === undefined) throw problem('notFound')
  if (row.expired && !row.completed) throw expiredUpload()
  const { upload_id: id, entity_id: entityId, size_bytes: size, sha256, completed } = row
  return {
    id,
    status: completed ? 'completed' : 'pending',
    entityId,
    size,
    sha256,
    expiresAt: new Date(row.expires_at).toISOString(),
    put: completed ? null : await putRequest(store, row),
  }
}

export const expiredUpload = () =>
  problem('gone', {
    detail: 'This upload has expired: open another.',
    extensions: { code: 'upload.expired' },
  })

async function putRequest(store: ObjectStore, row: UploadRow): Promise<UploadView['put']> {
  const { object_key: key, content_type: contentType, size_bytes: size, sha256 } = row
  const made = Date.now()
  const { url, headers } = await store.presignPut(key, { contentType, size, sha256, expiresIn: linkSeconds })
  return { method: 'PUT', url, headers, expiresAt: new Date(made + linkSeconds * 1_000).toISOString() }
}

/** What the upload is to be. Everything that would be refused in the end for what it says is refused now. */
async function minted(
  { pool }: WriteDependencies,
  { userId }: Caller,
  { target, size, sha256, name: given, contentType }: UploadRequest,
): Promise<NewUpload> {
  const name = given === undefined ? null : displayName(given)
  const common = { uploadId: uuidv7(), sha256, size, contentType: contentType ?? anyType, name }
  const extension = extensionOf(name)
  if (target.kind === 'capture') {
    const entityId = uuidv7() as EntityId
    const entity = describedBy({ entity: target.entity, name })
    const objectKey = contentKey({ userId, entityType: entity.type, entityId, sha256, extension })
    return { ...common, entityId, objectKey, target: { ...target, entity } }
  }
  const { entityId } = target
  const entity = (await readAggregates(pool, userId, [entityId])).get(entityId)
  if (entity?.aggregate !== 'entity' || entity.purged) throw problem('notFound')
  const objectKey =
    target.kind === 'content'
      ? contentKey({ userId, entityType: entity.type, entityId, sha256, extension })
      : attachmentKey({ userId, entityId, sha256, fileName: name ?? 'file' })
  return { ...common, entityId, objectKey, target }
}

/** Before anybody has seen the bytes only the name can tell; it is no more than a hint in the key. */
const extensionOf = (name: string | null) => /\.([A-Za-z0-9]{1,16})$/.exec(name ?? '')?.[1] ?? 'bin'

function assertClock(nowMs: number): void {
  const difference = Date.now() - nowMs
  if (Math.abs(difference) > maxClockDifferenceMs) throw clockDifference(difference)
}
