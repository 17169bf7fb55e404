import { type CaptureFileRequest, fileNameKey, metadataObjectProblem } from '@synap/contracts'
import type { FileKind } from '@synap/file-types'
import { problem } from '@synap/http'
import type { Caller, RequestKey } from '../caller.ts'
import { type CaptureDependencies, captureContent, type NewContent } from '../capture-entity.ts'
import type { WriteOutcome } from '../decide-and-append.ts'
import { buildPreview } from '../preview.ts'
import type { FileForm } from './read-file-form.ts'
import type { SpooledFile } from './spool.ts'

export interface CaptureFile {
  caller: Caller
  form: FileForm
  request: RequestKey | null
  signal: AbortSignal
}

const baseMs = 20_000
/** Bytes per millisecond that a store takes or gives at the least: 4 MiB a second. */
const slowest = 4_194.304

/** Milliseconds that a store may take for so many bytes. */
export const storeMs = (size: number) => baseMs + Math.ceil(size / slowest)

/** Captures a file. Its name is kept in the metadata, and is its title unless it was given one. */
export function captureFile(
  dependencies: CaptureDependencies,
  { caller, form, request, signal }: CaptureFile,
): Promise<WriteOutcome> {
  return captureContent(
    dependencies,
    { caller, body: describedBy(form), request, signal },
    contentOf(form.file),
  )
}

/** A file that has arrived, as content to be put. */
export function contentOf(file: SpooledFile): NewContent {
  return {
    body: () => file.body(),
    size: file.size,
    sha256: file.sha256,
    kind: file.kind,
    preview: previewOf(file.kind, file.beginning),
    putMs: storeMs(file.size),
  }
}

/** Of what people can read as it is; null for anything else. */
export function previewOf({ fileType }: FileKind, beginning: string): string | null {
  return fileType === 'markdown' || fileType === 'text' ? buildPreview(beginning) : null
}

/** What is captured, with the file's name where the client did not say something else. */
export function describedBy(form: Pick<FileForm, 'entity' | 'name'>): CaptureFileRequest {
  const { entity, name } = form
  const title = entity.title ?? name ?? undefined
  const metadata = metadataOf(form)
  return {
    ...entity,
    ...(title === undefined ? {} : { title }),
    ...(metadata === undefined ? {} : { metadata }),
  }
}

/** What a request under an idempotency key asked for. */
export function askedFor({ entity, name, file }: FileForm): unknown {
  return { entity, file: { name, sha256: file.sha256 } }
}

/** With the file's name, unless the client has something of its own there. */
function metadataOf({ entity, name }: Pick<FileForm, 'entity' | 'name'>): CaptureFileRequest['metadata'] {
  if (name === null || entity.metadata?.[fileNameKey] !== undefined) return entity.metadata
  const metadata = { ...entity.metadata, [fileNameKey]: name }
  const message = metadataObjectProblem(metadata)
  if (message === undefined) return metadata
  throw problem('validation', {
    errors: [{ path: 'body.entity.metadata', message: `with the file's name: ${message}` }],
  })
}
