import type { FileKind } from '@synap/file-types'
import { problem } from '@synap/http'
import type { FileLimits } from './upload-config.ts'

const mebibyte = 1_048_576

/** Throws the problem `tooLarge`, with the limit, when a file of this kind may not have so many bytes. */
export function assertWithinLimit(kind: FileKind | undefined, size: number, limits: FileLimits): void {
  // Before the kind is known it is held to the largest.
  const limit = kind === undefined ? Math.max(...Object.values(limits)) : limits[kind.fileType]
  if (size <= limit) return
  const what = kind === undefined ? 'A file' : `A file of the kind ${kind.fileType}`
  throw problem('tooLarge', {
    detail: `${what} may have ${sizeText(limit)} at most.`,
    extensions: { limit, ...(kind === undefined ? {} : { fileType: kind.fileType }) },
  })
}

function sizeText(bytes: number): string {
  const inBytes = `${bytes.toLocaleString('en-US')} bytes`
  return bytes < mebibyte ? inBytes : `${inBytes} (${Math.floor((bytes / mebibyte) * 10) / 10} MiB)`
}
