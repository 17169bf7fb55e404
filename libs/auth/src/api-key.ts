import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const prefix = 'syn_'
const keyBytes = 32
const pattern = /^syn_[A-Za-z0-9_-]{43}$/

/** A new API key: `syn_` and 256 random bits in base64url. It is shown once; only its hash is kept. */
export function generateApiKey(): string {
  return `${prefix}${randomBytes(keyBytes).toString('base64url')}`
}

/**
 * The key, when `text` is the one spelling of one; else undefined. The last of the 43 characters carries four bits only:
 * without the round trip four texts would be one key.
 */
export function parseApiKey(text: string): string | undefined {
  if (!pattern.test(text)) return undefined
  const bytes = Buffer.from(text.slice(prefix.length), 'base64url')
  return bytes.toString('base64url') === text.slice(prefix.length) ? text : undefined
}

/**
 * SHA-256 of a key: 32 bytes, what is stored and looked up. No salt and no slow hash: the key has 256 random bits, so
 * nobody can guess it from the hash.
 */
export function hashApiKey(key: string): Buffer {
  return createHash('sha256').update(key, 'utf8').digest()
}

/** Whether a key has this hash; takes the same time wherever they differ. */
export function isHashOf(key: string, hash: Uint8Array): boolean {
  const own = hashApiKey(key)
  return own.length === hash.length && timingSafeEqual(own, hash)
}

/** The token of an `Authorization: Bearer …` header, or undefined. */
export function parseBearer(header: string | undefined): string | undefined {
  if (header === undefined || header.length > 8_192) return undefined
  return /^Bearer ([\x21-\x7e]+)$/i.exec(header)?.[1]
}
