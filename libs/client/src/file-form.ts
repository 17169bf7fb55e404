import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type CaptureFileRequest, filePart } from '@synap/contracts'
import type { Form } from './transport.ts'
import type { CaptureFileOptions, FileSource } from './types.ts'

/** Milliseconds that sending a file may take unless said otherwise. */
export const fileDeadlineMs = 1_800_000

/** A file as a form that is read while it is sent, with what is said about it before where it is captured. */
export function buildFileForm(
  entity: CaptureFileRequest | undefined,
  source: FileSource,
  options: Pick<CaptureFileOptions, 'name' | 'onProgress'>,
): Form {
  const boundary = `synap-${randomUUID()}`
  const { name } = options
  const part = (field: string, more: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${field}"${more}\r\n\r\n`
  const body = async function* (): AsyncGenerator<Uint8Array> {
    if (entity !== undefined) yield Buffer.from(`${part(filePart.entity, '')}${JSON.stringify(entity)}\r\n`)
    const fileName = name === undefined ? '' : `; filename="${escaped(name)}"`
    yield Buffer.from(part(filePart.file, `${fileName}\r\nContent-Type: application/octet-stream`))
    let sent = 0
    options.onProgress?.(sent)
    for await (const chunk of bytesOf(source)) {
      yield chunk
      sent += chunk.length
      options.onProgress?.(sent)
    }
    yield Buffer.from(`\r\n--${boundary}--\r\n`)
  }
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: body() }
}

function bytesOf(source: FileSource): AsyncIterable<Uint8Array> {
  return 'path' in source ? (createReadStream(source.path) as AsyncIterable<Buffer>) : source.stream
}

/** As the HTML standard has it: what would end the name is escaped. */
function escaped(name: string): string {
  return name
    .toWellFormed()
    .replace(/["\r\n]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}
