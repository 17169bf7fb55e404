import type { FileReference } from '@synap/contracts'
import { sha256Hex } from '@synap/core'
import { problem } from '@synap/http'
import { displayName } from '@synap/object-store'
import type { Caller, RequestKey } from '../caller.ts'
import { appendCapture } from '../capture-entity.ts'
import { inTransaction } from '../database.ts'
import { previewOf } from '../files/capture-file.ts'
import type { FileLimits } from '../files/upload-config.ts'
import { assertTakesWrites } from '../outbox-watch.ts'
import { type CommandOutcome, runCommand } from '../run-command.ts'
import { checkIdempotency } from '../sql/check-idempotency.ts'
import { findUpload, type UploadRow } from '../sql/uploads.ts'
import { replayOf } from '../stored-result.ts'
import { type Inspected, inspectUpload } from './inspect-upload.ts'
import { expiredUpload, type UploadDependencies } from './open-upload.ts'

export interface CompleteUpload {
  caller: Caller
  uploadId: string
  /** From `If-Match`; undefined = whatever it is. */
  expectedVersion: number | undefined
  signal: AbortSignal
}

export type CompletedUpload = CommandOutcome & { upload: UploadRow }

/**
 * Looks at what lies in the store, and only then captures or changes the entity. Doing it again answers the first effect:
 * an upload is completed once. Throws the problems `notFound`, `gone`, `refused` and `tooLarge`; what was put stays for the
 * sweep then, and may be put again until the upload expires.
 */
export async function completeUpload(
  dependencies: UploadDependencies & { limits: FileLimits },
  { caller, uploadId, expectedVersion, signal }: CompleteUpload,
): Promise<CompletedUpload> {
  const { pool, store, outbox, limits } = dependencies
  const request = completionKey(uploadId)
  const [upload, earlier] = await inTransaction(pool, async (client) => [
    await findUpload(client, caller.userId, uploadId),
    await checkIdempotency(client, caller.userId, request),
  ])
  if (upload === undefined) throw problem('notFound')
  if (earlier?.outcome === 'replay') return { outcome: 'done', effect: replayOf(earlier.result), upload }
  if (upload.expired) throw expiredUpload()
  assertTakesWrites(outbox)
  const inspected = await inspectUpload(store, upload, limits, signal)
  const outcome = await refer(dependencies, { caller, request, upload, inspected, expectedVersion })
  return { ...outcome, upload }
}

/** A key that no client can send: it has a space. */
const completionKey = (uploadId: string): RequestKey => ({
  key: `upload ${uploadId}`,
  requestHash: sha256Hex(uploadId),
})

interface Reference {
  caller: Caller
  request: RequestKey
  upload: UploadRow
  inspected: Inspected
  expectedVersion: number | undefined
}

/** The append takes the lease away, so no two completions can have an effect. */
function refer(
  dependencies: UploadDependencies,
  { caller, request, upload, inspected: { kind, beginning }, expectedVersion }: Reference,
): Promise<CommandOutcome> {
  const { object_key: key, sha256, size_bytes: size, target, entity_id: entityId, lease_id: leaseId } = upload
  const { contentType, fileType } = kind
  const file: FileReference = { key, sha256, size, contentType, fileType, uploadedAt: Date.now() }
  const preview = previewOf(kind, beginning)
  if (target.kind === 'capture') {
    const { entity: body } = target
    const idempotency = { ...request, attempt: null }
    return appendCapture(dependencies, { caller, body, idempotency, entityId, file, preview, leaseId })
  }
  const name = displayName(upload.file_name ?? '') ?? `file.${kind.extension}`
  return runCommand(dependencies, {
    caller,
    request,
    about: entityId,
    expectedVersion,
    command: () =>
      target.kind === 'content'
        ? { kind: 'replaceContent', entityId, content: file, preview, timeZone: target.timeZone }
        : { kind: 'addAttachment', entityId, attachment: { ...file, name } },
    put: { attempt: null, objects: [{ ...file, aggregateId: entityId, leaseId }] },
  })
}
