import type { Readable } from 'node:stream'
import { type CaptureFileRequest, captureFileRequest, filePart } from '@synap/contracts'
import { SynapError } from '@synap/core'
import { type FieldError, ProblemError, parseJsonBody, problem, zodFieldErrors } from '@synap/http'
import { displayName } from '@synap/object-store'
import type { FastifyRequest } from 'fastify'
import type { Spool, SpooledFile } from './spool.ts'

/** A file as it came in a form. Whoever gets it closes it. */
export interface FormFile {
  /** As people should see it; null when none was sent. */
  name: string | null
  file: SpooledFile
}

/** A form as it was understood. */
export interface FileForm extends FormFile {
  entity: CaptureFileRequest
}

const maxEntityBytes = 65_536
/** Options of the parser. More parts than two are wrong already; so many are named. */
const parserOptions = {
  limits: { parts: 20, files: 20, fileSize: Number.POSITIVE_INFINITY, headerPairs: 20, headerSize: 16_384 },
  // Every part is a stream of bytes: whether a client gives it a file name or a media type makes no difference.
  isPartAFile: () => true,
}

interface Part {
  fieldname: string | undefined
  filename: string | undefined
  file: Readable
}

/**
 * Reads `entity` (JSON) and then `file` of a multipart form. Rejects with the problem `validation`, which names all that is
 * wrong with the form (what comes after a mistake is read and dropped), with `malformed` when it breaks off, or as
 * `Spool.receive` does. Nothing is left behind then.
 */
export async function readFileForm(request: FastifyRequest, spool: Spool): Promise<FileForm> {
  const { entity, ...rest } = await readForm(request, spool, [filePart.entity, filePart.file])
  if (entity === undefined) throw new TypeError('a form without a mistake has both parts')
  return { entity, ...rest }
}

/** As `readFileForm`, for a form whose only part is `file`. */
export function readSingleFile(request: FastifyRequest, spool: Spool): Promise<FormFile> {
  return readForm(request, spool, [filePart.file])
}

async function readForm(
  request: FastifyRequest,
  spool: Spool,
  parts: readonly string[],
): Promise<FormFile & { entity: CaptureFileRequest | undefined }> {
  const reader = createReader(spool, parts, request.signal)
  try {
    for await (const part of request.parts(parserOptions) as unknown as AsyncIterable<Part>)
      await reader.read(part)
    request.signal.throwIfAborted()
    return reader.result()
  } catch (error) {
    await reader.close()
    // What is still to come is read and dropped, so that the client can send it off and read the answer.
    request.raw.unpipe()
    request.raw.resume()
    request.signal.throwIfAborted()
    throw formError(error)
  }
}

interface Reader {
  read(part: Part): Promise<void>
  /** Throws the problem `validation`. */
  result(): FormFile & { entity: CaptureFileRequest | undefined }
  close(): Promise<void>
}

function createReader(spool: Spool, parts: readonly string[], signal: AbortSignal): Reader {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  let entity: CaptureFileRequest | undefined
  let name: string | null = null
  let file: SpooledFile | undefined
  const wrong = (part: string, message: string) => errors.push({ path: `body.${printable(part)}`, message })

  const readEntity = async (part: Part) => {
    if (seen.has(filePart.file)) wrong(filePart.entity, `must come before the part ${filePart.file}`)
    const found = parseEntity(await readSmall(abortable(part.file, signal)))
    if ('errors' in found) errors.push(...found.errors)
    else entity = found.entity
  }
  const readFile = async (part: Part) => {
    if (parts.includes(filePart.entity) && !seen.has(filePart.entity))
      wrong(filePart.file, `must come after the part ${filePart.entity}`)
    if (errors.length > 0) return drop(abortable(part.file, signal))
    name = part.filename === undefined ? null : displayName(unescaped(part.filename))
    file = await spool.receive(abortable(part.file, signal), name)
    if (file.size === 0) wrong(filePart.file, 'must not be empty')
  }
  return {
    read: async (part) => {
      const field = part.fieldname ?? ''
      if (!parts.includes(field)) {
        wrong(field, 'is not known')
        return drop(abortable(part.file, signal))
      }
      if (seen.has(field)) {
        wrong(field, 'must come once')
        return drop(abortable(part.file, signal))
      }
      await (field === filePart.entity ? readEntity(part) : readFile(part))
      seen.add(field)
    },
    result: () => {
      for (const needed of parts) if (!seen.has(needed)) wrong(needed, 'is needed')
      if (errors.length > 0) throw problem('validation', { errors })
      if (file === undefined) throw new TypeError('a form without a mistake has a file')
      return { entity, name, file }
    },
    close: async () => file?.close(),
  }
}

/** What the part says, or everything that is wrong with it. `undefined`: it was too long. */
function parseEntity(bytes: Buffer | undefined): { entity: CaptureFileRequest } | { errors: FieldError[] } {
  const path = `body.${filePart.entity}`
  if (bytes === undefined)
    return { errors: [{ path, message: `must not be longer than ${maxEntityBytes} bytes` }] }
  try {
    const parsed = captureFileRequest.safeParse(parseJsonBody(bytes))
    return parsed.success ? { entity: parsed.data } : { errors: zodFieldErrors(parsed.error, path) }
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    const found = error.options.errors ?? [
      { path: 'body', message: error.options.detail ?? 'cannot be read' },
    ]
    return { errors: found.map((each) => ({ ...each, path: each.path.replace(/^body/, path) })) }
  }
}

/** All of it; undefined when it is too long, and the rest is dropped. */
async function readSmall(source: AsyncIterable<Buffer>): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    if (size <= maxEntityBytes) chunks.push(chunk)
  }
  return size <= maxEntityBytes ? Buffer.concat(chunks) : undefined
}

/** To its end or the end of the request: a client that sends nothing more would be waited for for ever. */
async function* abortable(stream: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const abort = () => void stream.destroy(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  try {
    signal.throwIfAborted()
    yield* stream as AsyncIterable<Buffer>
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function drop(source: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of source);
}

/** What the HTML standard has clients escape in a file name, and nothing else. */
function unescaped(fileName: string): string {
  return fileName.replace(/%(22|0d|0a)/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
}

/** Names of parts come from the client: they go back short and as plain text. */
const printable = (text: string) => text.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '\u{fffd}').slice(0, 100)

/** The parser's errors are for developers: to the client it is a form that cannot be read. */
function formError(error: unknown): unknown {
  if (error instanceof ProblemError || error instanceof SynapError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'FST_PARTS_LIMIT' || code === 'FST_FILES_LIMIT') {
    return problem('validation', { errors: [{ path: 'body', message: 'has too many parts' }], cause: error })
  }
  return problem('malformed', { detail: 'The form breaks off, or is no multipart/form-data.', cause: error })
}
