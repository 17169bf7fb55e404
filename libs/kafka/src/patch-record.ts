import { createRequire } from 'node:module'
import Encoder from 'kafkajs/src/protocol/encoder.js'

/*
 * kafkajs 2.2.4 encodes each header of each message with an encoder of its own and copies it twice: with the fourteen
 * headers of an event most of the time of a send. Here a record is measured, then written once into a buffer of its
 * size; the bytes are the same. kafkajs loads the module when it first sends, and takes what is put in its place now.
 * Source of the format: https://kafka.apache.org/documentation/#record.
 */
const require = createRequire(import.meta.url)
const path = require.resolve('kafkajs/src/protocol/recordBatch/record/v0/index.js')
const stock: unknown = require(path)
const cached = require.cache[path]
if (cached === undefined || typeof stock !== 'function')
  throw new TypeError('kafkajs has other records than 2.2.4')
cached.exports = encodeRecord

type HeaderValue = string | Buffer

interface Message {
  offsetDelta?: number
  timestampDelta?: number
  key?: string | Buffer | null
  value: string | Buffer | null
  headers?: Record<string, HeaderValue | HeaderValue[]>
}

/** The bytes of one record of a batch, as the encoder that kafkajs expects. */
export function encodeRecord(message: Message): Encoder {
  const { offsetDelta = 0, timestampDelta = 0, key = null, value, headers = {} } = message
  const parts: (HeaderValue | null)[] = [key, value]
  for (const name in headers) {
    const content = headers[name] ?? ''
    if (Array.isArray(content)) for (const one of content) parts.push(name, one)
    else parts.push(name, content)
  }
  // Nearly all texts are ASCII, where each character is a byte: that is taken for granted, and found out when it is not.
  const times = { timestampDelta, offsetDelta }
  return (
    writeRecord(parts, parts.map(lengthOf), times) ??
    (writeRecord(parts, parts.map(sizeOf), times) as Encoder)
  )
}

const lengthOf = (part: HeaderValue | null) => (part === null ? -1 : part.length)
const sizeOf = (part: HeaderValue | null) => (part === null ? -1 : Buffer.byteLength(part))

/** Undefined when a part has another size. */
function writeRecord(
  parts: readonly (HeaderValue | null)[],
  sizes: readonly number[],
  { timestampDelta, offsetDelta }: { timestampDelta: number; offsetDelta: number },
): Encoder | undefined {
  const count = (parts.length - 2) / 2
  let body = 1 + Encoder.sizeOfVarLong(timestampDelta)
  body += Encoder.sizeOfVarInt(offsetDelta) + Encoder.sizeOfVarInt(count)
  for (const size of sizes) body += Encoder.sizeOfVarInt(size) + Math.max(size, 0)
  const encoder = encoderOf(Encoder.sizeOfVarInt(body) + body)
  encoder.writeVarInt(body)
  // No attribute is in use.
  encoder.buf[encoder.offset] = 0
  encoder.offset += 1
  encoder.writeVarLong(timestampDelta).writeVarInt(offsetDelta)
  for (let index = 0; index < parts.length; index += 1) {
    if (index === 2) encoder.writeVarInt(count)
    if (!writePart(encoder, parts[index] ?? null, sizes[index] ?? 0)) return undefined
  }
  if (count === 0) encoder.writeVarInt(0)
  return encoder
}

/** More than any character takes: a text that is longer in bytes than was said shows itself by writing beyond. */
const slack = 4

/** False when a text has another size than was said. */
function writePart(encoder: Encoder, part: HeaderValue | null, size: number): boolean {
  encoder.writeVarInt(size)
  if (part === null) return true
  const { buf, offset } = encoder
  if (typeof part !== 'string') part.copy(buf, offset)
  else if (buf.write(part, offset, size + slack, 'utf8') !== size) return false
  encoder.offset += size
  return true
}

/** An encoder on a buffer with room for this; the constructor would make another one. */
function encoderOf(size: number): Encoder {
  const encoder = Object.create(Encoder.prototype) as Encoder
  encoder.buf = Buffer.allocUnsafe(size + slack)
  encoder.offset = 0
  return encoder
}
