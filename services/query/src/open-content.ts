import type { Readable } from 'node:stream'
import { SynapError } from '@synap/core'
import { problem } from '@synap/http'
import { isNotFound, type ObjectStore } from '@synap/object-store'
import type { ByteRange } from './byte-range.ts'

/** Where an entity's content lies and what it must be. */
export interface Content {
  key: string
  sha256: string
  size: number
  contentType: string
  fileName: string
}

/** Content up to this size is read and checked as a whole before the first byte is answered. */
const wholeBytes = 4_194_304

/**
 * The bytes of a content, or of a range of it. A small one is checked before it is answered, ranges too. A large one is
 * checked while it is streamed and breaks off before its end when it is damaged; a range of a large one is only known
 * to be part of the object with the right checksum. Rejects with `object.checksum_mismatch` (data), or with the problem
 * `gone` when there is no such object.
 */
export async function openContent(
  store: Pick<ObjectStore, 'get' | 'read'>,
  content: Content,
  range: ByteRange | undefined,
  signal: AbortSignal,
): Promise<{ length: number; body: Buffer | Readable }> {
  try {
    if (content.size <= wholeBytes) {
      const { info, bytes } = await store.read(content.key, { maxBytes: wholeBytes, signal })
      assertSame(content, info.sha256, bytes.length)
      const body = range === undefined ? bytes : bytes.subarray(range.start, range.end + 1)
      return { length: body.length, body }
    }
    const download = await store.get(content.key, { signal, ...(range === undefined ? {} : { range }) })
    try {
      assertSame(content, download.info.sha256, download.info.size)
    } catch (error) {
      download.stream.destroy()
      throw error
    }
    return { length: download.length, body: download.stream }
  } catch (error) {
    // The read model says it is there: somebody has deleted it behind our back.
    if (isNotFound(error)) throw problem('gone', { detail: 'The stored content is missing.', cause: error })
    throw error
  }
}

function assertSame(content: Content, sha256: string | null, size: number): void {
  if (sha256 !== content.sha256 || size !== content.size) throw damaged(content)
}

function damaged({ key }: Content): SynapError {
  return new SynapError('the stored content is not the one that was captured', {
    code: 'object.checksum_mismatch',
    class: 'data',
    fields: { key },
  })
}
