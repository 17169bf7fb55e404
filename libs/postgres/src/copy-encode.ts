import type { ByteWriter } from './byte-writer.ts'

/**
 * Column types of a binary COPY and the values they take (null in every one): `uuid` canonical text, the same without
 * hyphens or 16 bytes; `int2` and `int4`
 * number; `date` as `YYYY-MM-DD`; `int8` number or bigint; `timestamptz` milliseconds since 1970; `text` and `jsonb` as said (jsonb takes any
 * JSON value, or a Buffer of JSON text); `bytea` bytes; `float4`, `float8` number; `bool` boolean; `uuid[]` and
 * `text[]` arrays without null; `vector` numbers; `halfvec` numbers or packed float16, little endian.
 */
export type CopyType =
  | 'uuid'
  | 'int2'
  | 'int4'
  | 'int8'
  | 'timestamptz'
  | 'date'
  | 'text'
  | 'jsonb'
  | 'bytea'
  | 'float4'
  | 'float8'
  | 'bool'
  | 'uuid[]'
  | 'text[]'
  | 'vector'
  | 'halfvec'

/** Postgres counts time from 2000-01-01 UTC, in microseconds. */
const epochMs = Date.UTC(2000, 0, 1)
const dayMs = 86_400_000
const elementOid = { 'uuid[]': 2950, 'text[]': 25 } as const

export type Encoder = (writer: ByteWriter, value: unknown) => void

/** Formats: the send/recv functions of each type in PostgreSQL's `src/backend/utils/adt`, and pgvector's. */
export const encoders: Record<CopyType, Encoder> = {
  uuid: (writer, value) => {
    if (value instanceof Uint8Array) writer.bytes(exactly16(value))
    else if (!writer.uuid(text(value))) throw new RangeError('not a canonical UUID')
  },
  int2: (writer, value) => writer.int16(integer(value)),
  int4: (writer, value) => writer.int32(integer(value)),
  int8: (writer, value) =>
    typeof value === 'bigint' ? writer.int64(value) : writer.wideInteger(integer(value)),
  timestamptz: (writer, value) => {
    const ms = integer(value) - epochMs
    if (Number.isSafeInteger(ms * 1_000)) writer.wideInteger(ms * 1_000)
    else writer.int64(BigInt(ms) * 1_000n)
  },
  date: (writer, value) => writer.int32(integer((Date.parse(text(value)) - epochMs) / dayMs)),
  text: (writer, value) => writer.utf8(text(value)),
  jsonb: (writer, value) => {
    writer.byte(1) // the version of the format
    if (value instanceof Uint8Array) writer.bytes(value)
    else writer.utf8(Array.isArray(value) && value.length === 0 ? '[]' : JSON.stringify(value))
  },
  bytea: (writer, value) => writer.bytes(bytes(value)),
  float4: (writer, value) => writer.float4(number(value)),
  float8: (writer, value) => writer.float8(number(value)),
  bool: (writer, value) => writer.byte(value === true ? 1 : 0),
  'uuid[]': (writer, value) => array(writer, 'uuid', elementOid['uuid[]'], value),
  'text[]': (writer, value) => array(writer, 'text', elementOid['text[]'], value),
  vector: (writer, value) => {
    const values = numbers(value)
    writer.int16(values.length)
    writer.int16(0)
    for (let i = 0; i < values.length; i += 1) writer.float4(values[i] ?? 0)
  },
  halfvec: (writer, value) => {
    const packed = value instanceof Uint8Array ? Buffer.from(value) : packFloat16(numbers(value))
    writer.int16(packed.length / 2)
    writer.int16(0)
    writer.bytes(packed.swap16())
  },
}

function array(writer: ByteWriter, element: 'uuid' | 'text', oid: number, value: unknown): void {
  if (!Array.isArray(value)) throw wrong('an array')
  writer.int32(value.length === 0 ? 0 : 1) // dimensions
  writer.int32(0) // no nulls
  writer.int32(oid)
  if (value.length === 0) return
  writer.int32(value.length)
  writer.int32(1) // lower bound
  for (const item of value) {
    const begun = writer.begin()
    encoders[element](writer, item)
    writer.end(begun)
  }
}

function packFloat16(values: ArrayLike<number>): Buffer {
  const packed = Buffer.allocUnsafe(values.length * 2)
  const view = new DataView(packed.buffer, packed.byteOffset) as DataView & {
    // In the language since ES2025, not yet in the library types this project compiles with.
    setFloat16(at: number, value: number, littleEndian: boolean): void
  }
  for (let i = 0; i < values.length; i += 1) view.setFloat16(i * 2, values[i] ?? 0, true)
  return packed
}

// The value itself never enters the message: it is content.
const wrong = (expected: string) => new TypeError(`a COPY column got something else than ${expected}`)

function text(value: unknown): string {
  if (typeof value !== 'string') throw wrong('text')
  return value
}

function number(value: unknown): number {
  if (typeof value !== 'number') throw wrong('a number')
  return value
}

function integer(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw wrong('a whole number')
  return value as number
}

function bytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw wrong('bytes')
  return value
}

function exactly16(value: Uint8Array): Uint8Array {
  if (value.length !== 16) throw wrong('16 bytes')
  return value
}

function numbers(value: unknown): ArrayLike<number> {
  if (Array.isArray(value) || value instanceof Float32Array || value instanceof Float64Array) return value
  throw wrong('an array of numbers')
}
