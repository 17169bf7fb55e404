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
  const count = (parts.length - 2) / 2
  const sizes = parts.map(sizeOf)
  const body = sizes.reduce(
    (sum, size) => sum + Encoder.sizeOfVarInt(size) + Math.max(size, 0),
    1 +
      Encoder.sizeOfVarLong(timestampDelta) +
      Encoder.sizeOfVarInt(offsetDelta) +
      Encoder.sizeOfVarInt(count),
  )
  const encoder = encoderOf(Encoder.sizeOfVarInt(body) + body)
  encoder.writeVarInt(body)
  // No attribute is in use.
  encoder.buf[encoder.offset] = 0
  encoder.offset += 1
  encoder.writeVarLong(timestampDelta).writeVarInt(offsetDelta)
  parts.forEach((part, index) => {
    if (index === 2) encoder.writeVarInt(count)
    writePart(encoder, part, sizes[index] ?? 0)
  })
  if (count === 0) encoder.writeVarInt(0)
  return encoder
}

const sizeOf = (part: HeaderValue | null) => (part === null ? -1 : Buffer.byteLength(part))

function writePart(encoder: Encoder, part: HeaderValue | null, size: number): void {
  encoder.writeVarInt(size)
  if (part === null) return
  if (typeof part === 'string') encoder.buf.write(part, encoder.offset, size, 'utf8')
  else part.copy(encoder.buf, encoder.offset)
  encoder.offset += size
}

/** An encoder on a buffer of this size; the constructor would make another one. */
function encoderOf(size: number): Encoder {
  const encoder = Object.create(Encoder.prototype) as Encoder
  encoder.buf = Buffer.allocUnsafe(size)
  encoder.offset = 0
  return encoder
}
