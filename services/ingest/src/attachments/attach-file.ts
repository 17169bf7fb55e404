import type { AttachmentView } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import { attachmentKey, userPrefix } from '@synap/object-store'
import type { Caller, RequestKey } from '../caller.ts'
import type { CaptureDependencies } from '../capture-entity.ts'
import { contentOf } from '../files/capture-file.ts'
import { type PutOutcome, putAndRun } from '../files/put-and-run.ts'
import type { FormFile } from '../files/read-file-form.ts'

export interface AttachFile {
  caller: Caller
  entityId: EntityId
  expectedVersion: number | undefined
  form: FormFile
  request: RequestKey | null
  signal: AbortSignal
}

const place = 'attachments/'

/** The whole key of an attachment, of the part of it that clients know. */
export const attachmentKeyOf = ({ userId }: Caller, key: string) => `${userPrefix(userId)}${place}${key}`

/** Attaches a file. Its name is part of its key, as far as it is harmless there. */
export async function attachFile(
  dependencies: CaptureDependencies,
  { caller, entityId, expectedVersion, form, request, signal }: AttachFile,
): Promise<{ outcome: PutOutcome; attachment: AttachmentView }> {
  const { size, sha256, kind } = form.file
  const name = form.name ?? `file.${kind.extension}`
  const objectKey = attachmentKey({ userId: caller.userId, entityId, sha256, fileName: name })
  const outcome = await putAndRun(dependencies, {
    caller,
    request,
    about: entityId,
    expectedVersion,
    objectKey,
    content: contentOf(form.file),
    command: (file) => ({ kind: 'addAttachment', entityId, attachment: { ...file, name } }),
    signal,
  })
  const key = (outcome.objectKey ?? objectKey).slice(attachmentKeyOf(caller, '').length)
  const { contentType, fileType } = kind
  return { outcome, attachment: { key, name, size, sha256, contentType, fileType } }
}

/** What a request under an idempotency key asked for. */
export const askedToAttach = ({ name, file }: FormFile) => ({ file: { name, sha256: file.sha256 } })
