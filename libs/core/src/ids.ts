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

// Every event has three ids or more, and they are turned into bytes and back at each step of its way: both directions
// go byte by byte through tables, which takes a third of the time of patterns and strings in between.
const digits = '0123456789abcdef'
/** What a character counts as hexadecimal digit; -1 for all that are none, capitals among them. */
const valueOfCode = Int8Array.from({ length: 128 }, (_, code) => digits.indexOf(String.fromCharCode(code)))
/** Where the two digits of each byte stand in the text. */
const places = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const
const dashes = [8, 13, 18, 23] as const
const dashCode = 45

/** Sixteen bytes, big endian, of a canonical UUID. Throws RangeError when it is none. */
export function uuidToBytes(uuid: string): Buffer {
  const bytes = Buffer.allocUnsafe(16)
  // Negative as soon as one character is no digit.
  let all = uuid.length === 36 ? 0 : -1
  for (const place of dashes) if (uuid.charCodeAt(place) !== dashCode) all = -1
  for (let index = 0; index < 16; index += 1) {
    const place = places[index] as number
    const high = valueOfCode[uuid.charCodeAt(place)] ?? -1
    const low = valueOfCode[uuid.charCodeAt(place + 1)] ?? -1
    all |= high | low
    bytes[index] = (high << 4) | low
  }
  if (all < 0) throw new RangeError('not a canonical UUID')
  return bytes
}

const written = Buffer.alloc(36, '-')

/** The canonical text of sixteen bytes. Throws RangeError for any other length. */
export function bytesToUuid(bytes: Uint8Array): string {
  if (bytes.length !== 16) throw new RangeError(`a UUID has 16 bytes, not ${bytes.length}`)
  for (let index = 0; index < 16; index += 1) {
    const place = places[index] as number
    const byte = bytes[index] as number
    written[place] = digits.charCodeAt(byte >> 4)
    written[place + 1] = digits.charCodeAt(byte & 0xf)
  }
  return written.toString('latin1')
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
