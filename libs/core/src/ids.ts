import { createHash, randomFillSync } from 'node:crypto'

declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** Lower-case canonical UUIDs. The brand keeps a user's id out of an entity's place; there is no run-time cost. */
export type UserId = Branded<'UserId'>
export type EntityId = Branded<'EntityId'>
export type AggregateId = Branded<'AggregateId'> | EntityId | UserId | RelationId | AnalysisId
export type EventId = Branded<'EventId'>
export type TagId = Branded<'TagId'>
export type RelationId = Branded<'RelationId'>
export type AnalysisId = Branded<'AnalysisId'>

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** True for the canonical lower-case form only, so that one id has one spelling in keys and comparisons. */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text)
}

/** Sixteen bytes, big endian, of a canonical UUID. Throws RangeError when it is none. */
export function uuidToBytes(uuid: string): Buffer {
  if (!isUuid(uuid)) throw new RangeError('not a canonical UUID')
  return Buffer.from(uuid.replaceAll('-', ''), 'hex')
}

/** The canonical text of sixteen bytes. Throws RangeError for any other length. */
export function bytesToUuid(bytes: Uint8Array): string {
  if (bytes.length !== 16) throw new RangeError(`a UUID has 16 bytes, not ${bytes.length}`)
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

let lastMs = 0
let counter = 0

/**
 * A version 7 UUID (RFC 9562, 6.2 method 1): milliseconds since 1970, then a 12-bit counter, then random bits.
 * Ids made in one process sort in the order they were made, also when the clock is set back.
 */
export function uuidv7(): string {
  const now = Date.now()
  if (now > lastMs) {
    lastMs = now
    counter = 0
  } else if (++counter > 0xfff) {
    lastMs += 1
    counter = 0
  }
  const bytes = randomFillSync(Buffer.allocUnsafe(16))
  bytes.writeUIntBE(lastMs, 0, 6)
  bytes.writeUInt16BE(0x7000 | counter, 6)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  return bytesToUuid(bytes)
}

/** A version 5 UUID (RFC 9562, 5.5): the same name in the same namespace gives the same id for ever. */
export function uuidv5(namespace: string, name: string): string {
  const bytes = createHash('sha1')
    .update(uuidToBytes(namespace))
    .update(name, 'utf8')
    .digest()
    .subarray(0, 16)
  bytes[6] = 0x50 | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  return bytesToUuid(bytes)
}
