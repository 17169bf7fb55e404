import { createHash } from 'node:crypto'

/** Lower-case hexadecimal SHA-256 of text (UTF-8) or bytes: 64 characters. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}
