import { sha256Hex } from '@synap/core'
import { objectError } from './errors.ts'
import { assertKey } from './keys.ts'
import type { ObjectBody, PutOptions } from './object-store.ts'

/** What both drivers need to know before they store anything: the key is one, size and hash are known and agree. */
export function checkedPut(
  key: string,
  body: ObjectBody,
  options: PutOptions,
): { size: number; sha256: string } {
  assertKey(key)
  for (const [name, value] of Object.entries(options.metadata ?? {})) {
    if (!/^[a-z0-9-]+$/.test(name) || !/^[\x20-\x7e]*$/.test(value)) throw new TypeError('not metadata')
  }
  const { size, sha256 } =
    body instanceof Uint8Array
      ? { size: body.byteLength, sha256: sha256Hex(body) }
      : { size: body.size, sha256: body.sha256 }
  if (options.sha256 !== undefined && options.sha256 !== sha256)
    throw objectError('checksum_mismatch', { key })
  return { size, sha256 }
}
