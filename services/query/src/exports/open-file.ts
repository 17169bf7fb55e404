import { SynapError } from '@synap/core'
import type { ObjectStore } from '@synap/object-store'

export type OpenedFile =
  | {
      outcome: 'opened'
      bytes(): AsyncIterable<Uint8Array>
      /** After the bytes: whether they are the ones that were captured. */
      isWhole(): boolean
    }
  | { outcome: 'missing' }
  | { outcome: 'damaged' }

interface Wanted {
  key: string
  size: number
  sha256: string
}

/** Up to this size a file is read and checked before any of it is written. */
const wholeBytes = 4_194_304
const damages = ['object.checksum_mismatch', 'object.too_large']

/**
 * A file of the archive, checked against what its event says. A large one can turn out damaged at its end: its bytes then
 * end early, and it says so. A store that does not answer rejects.
 */
export async function openFile(
  store: Pick<ObjectStore, 'get' | 'read'>,
  { key, size, sha256 }: Wanted,
  signal: AbortSignal,
): Promise<OpenedFile> {
  try {
    if (size <= wholeBytes) {
      const { info, bytes } = await store.read(key, { maxBytes: wholeBytes, signal })
      if (info.sha256 !== sha256 || bytes.length !== size) return { outcome: 'damaged' }
      return { outcome: 'opened', bytes: () => piecesOf(bytes), isWhole: () => true }
    }
    const { info, stream } = await store.get(key, { signal })
    if (info.sha256 !== sha256 || info.size !== size) {
      stream.destroy()
      return { outcome: 'damaged' }
    }
    let isWhole = true
    const bytes = async function* () {
      try {
        yield* stream as AsyncIterable<Uint8Array>
      } catch (error) {
        if (!isCode(error, damages)) throw error
        isWhole = false
      }
    }
    return { outcome: 'opened', bytes, isWhole: () => isWhole }
  } catch (error) {
    if (isCode(error, ['object.not_found'])) return { outcome: 'missing' }
    if (isCode(error, damages)) return { outcome: 'damaged' }
    throw error
  }
}

async function* piecesOf(bytes: Buffer): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += 262_144) yield bytes.subarray(at, at + 262_144)
}

const isCode = (error: unknown, codes: readonly string[]) =>
  error instanceof SynapError && codes.includes(error.code)
