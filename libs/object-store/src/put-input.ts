import type { Readable } from 'node:stream'
import { sha256Hex } from '@synap/core'
import { objectError } from './errors.ts'
import { assertKey } from './keys.ts'
import type { ObjectBody, PutOptions } from './object-store.ts'
import { type Measured, measured } from './verify.ts'

/** What both drivers need to know before they store anything: the key is one, size and hash are known and agree. */
export type CheckedPut =
  | { known: true; size: number; sha256: string; body: Uint8Array | Readable }
  /** Both are found out on the way. */
  | { known: false; body: Measured }

/** Throws `object.checksum_mismatch` for bytes that are not what was announced; a stream fails before its end. */
export function checkedPut(key: string, body: ObjectBody, options: PutOptions): CheckedPut {
  assertKey(key)
  for (const [name, value] of Object.entries(options.metadata ?? {})) {
    if (!/^[a-z0-9-]+$/.test(name) || !/^[\x20-\x7e]*$/.test(value)) throw new TypeError('not metadata')
  }
  if (!(body instanceof Uint8Array) && !('size' in body)) {
    return { known: false, body: measured(body.stream, key, { sha256: options.sha256 }) }
  }
  const { size, sha256 } =
    body instanceof Uint8Array ? { size: body.byteLength, sha256: sha256Hex(body) } : body
  if (options.sha256 !== undefined && options.sha256 !== sha256)
    throw objectError('checksum_mismatch', { key })
  const bytes = body instanceof Uint8Array ? body : measured(body.stream, key, { size, sha256 }).stream
  return { known: true, size, sha256, body: bytes }
}
