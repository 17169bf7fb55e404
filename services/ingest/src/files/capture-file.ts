import { fileNameKey, metadataObjectProblem } from '@synap/contracts'
import { problem } from '@synap/http'
import type { Caller, RequestKey } from '../caller.ts'
import { type CaptureDependencies, captureContent } from '../capture-entity.ts'
import type { WriteOutcome } from '../decide-and-append.ts'
import { buildPreview } from '../preview.ts'
import type { FileForm } from './read-file-form.ts'

export interface CaptureFile {
  caller: Caller
  form: FileForm
  request: RequestKey | null
  signal: AbortSignal
}

const basePutMs = 20_000
/** Bytes per millisecond that a store takes at the least: 4 MiB a second. */
const slowestPut = 4_194.304

/** Captures a file. Its name is kept in the metadata, and is its title unless it was given one. */
export function captureFile(
  dependencies: CaptureDependencies,
  { caller, form, request, signal }: CaptureFile,
): Promise<WriteOutcome> {
  const { entity, name, file } = form
  const title = entity.title ?? name ?? undefined
  const metadata = metadataOf(form)
  const body = {
    ...entity,
    ...(title === undefined ? {} : { title }),
    ...(metadata === undefined ? {} : { metadata }),
  }
  const { fileType } = file.kind
  return captureContent(
    dependencies,
    { caller, body, request, signal },
    {
      body: () => file.body(),
      size: file.size,
      sha256: file.sha256,
      kind: file.kind,
      preview: fileType === 'markdown' || fileType === 'text' ? buildPreview(file.beginning) : null,
      putMs: basePutMs + Math.ceil(file.size / slowestPut),
    },
  )
}

/** What a request under an idempotency key asked for. */
export function askedFor({ entity, name, file }: FileForm): unknown {
  return { entity, file: { name, sha256: file.sha256 } }
}

/** With the file's name, unless the client has something of its own there. */
function metadataOf({ entity, name }: FileForm): FileForm['entity']['metadata'] {
  if (name === null || entity.metadata?.[fileNameKey] !== undefined) return entity.metadata
  const metadata = { ...entity.metadata, [fileNameKey]: name }
  const message = metadataObjectProblem(metadata)
  if (message === undefined) return metadata
  throw problem('validation', {
    errors: [{ path: 'body.entity.metadata', message: `with the file's name: ${message}` }],
  })
}
