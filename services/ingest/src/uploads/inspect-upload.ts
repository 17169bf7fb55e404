import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { SynapError, withDeadline } from '@synap/core'
import { createSniffer, type FileKind } from '@synap/file-types'
import { type ProblemError, problem } from '@synap/http'
import { isNotFound, type ObjectInfo, type ObjectStore } from '@synap/object-store'
import { assertWithinLimit } from '../files/assert-within-limit.ts'
import { storeMs } from '../files/capture-file.ts'
import type { FileLimits } from '../files/upload-config.ts'
import type { UploadRow } from '../sql/uploads.ts'

export interface Inspected {
  kind: FileKind
  /** The beginning of a text, at most 64 KiB; empty for anything else. */
  beginning: string
}

/** As much as any format is told by. */
const headBytes = 65_536
const headMs = 15_000

/**
 * Makes sure that what lies in the store is what was announced, and tells what it is. The hash is the store's own where it
 * computed one; else, and for text, the bytes are read once. Throws the problem `refused` with what was found, or `tooLarge`.
 */
export async function inspectUpload(
  store: ObjectStore,
  upload: Pick<UploadRow, 'object_key' | 'size_bytes' | 'sha256' | 'file_name'>,
  limits: FileLimits,
  signal: AbortSignal,
): Promise<Inspected> {
  const { object_key: key, size_bytes: size, sha256, file_name: name } = upload
  const info = await headOf(store, key, signal)
  if (info.size !== size) {
    const extensions = { code: 'upload.wrong_size', announcedSize: size, foundSize: info.size }
    throw problem('refused', { detail: 'The file in the store has another size than announced.', extensions })
  }
  if (info.sha256Verified && info.sha256 !== sha256) throw wrongHash(info.sha256)

  const head = createSniffer(name)
  await withDeadline('the beginning of an upload', headMs, signal, async (signal) => {
    const { stream } = await store.get(key, { signal, range: { start: 0, end: headBytes - 1 } })
    for await (const chunk of stream) await head.push(chunk as Buffer)
  })
  // What begins as text has to be text to its end.
  const isWhole = size <= headBytes && info.sha256Verified
  if (isWhole || (info.sha256Verified && head.beginning === '')) {
    const kind = await head.end()
    assertWithinLimit(kind, size, limits)
    return { kind, beginning: head.beginning }
  }
  if (head.seems !== undefined) assertWithinLimit(head.seems, size, limits)
  return readThrough(store, upload, limits, signal)
}

async function headOf(store: ObjectStore, key: string, signal: AbortSignal): Promise<ObjectInfo> {
  try {
    return await store.head(key, { signal })
  } catch (error) {
    if (!isNotFound(error)) throw error
    throw problem('refused', {
      detail: 'There is no file in the store yet: send it first.',
      extensions: { code: 'upload.not_arrived' },
      cause: error,
    })
  }
}

async function readThrough(
  store: ObjectStore,
  { object_key: key, sha256, size_bytes: size, file_name: name }: Parameters<typeof inspectUpload>[1],
  limits: FileLimits,
  signal: AbortSignal,
): Promise<Inspected> {
  const sniffer = createSniffer(name)
  const hash = createHash('sha256')
  try {
    await withDeadline('an upload that is looked at', storeMs(size), signal, async (signal) => {
      const { stream } = await store.get(key, { signal })
      for await (const chunk of stream as Readable & AsyncIterable<Buffer>) {
        hash.update(chunk)
        await sniffer.push(chunk)
      }
    })
  } catch (error) {
    // The store's own check of what the sender said, which is what was announced.
    if (error instanceof SynapError && error.code === 'object.checksum_mismatch') throw wrongHash(null, error)
    throw error
  }
  const found = hash.digest('hex')
  if (found !== sha256) throw wrongHash(found)
  const kind = await sniffer.end()
  assertWithinLimit(kind, size, limits)
  return { kind, beginning: sniffer.beginning }
}

function wrongHash(found: string | null, cause?: unknown): ProblemError {
  return problem('refused', {
    detail: 'The file in the store has another SHA-256 than announced.',
    extensions: { code: 'upload.wrong_checksum', ...(found === null ? {} : { foundSha256: found }) },
    ...(cause === undefined ? {} : { cause }),
  })
}
