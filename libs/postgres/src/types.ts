import pg from 'pg'

const oid = { int8: 20, date: 1082, timestamptz: 1184, int8Array: 1016, timestamptzArray: 1185 } as const

type Parser = (text: string) => unknown

/** A `bigint` column as a number; throws RangeError beyond 2^53 − 1, rather than give back another number. */
function parseInt8(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError('a bigint of the database is beyond 2^53 - 1')
  return value
}

const parseDate = pg.types.getTypeParser(oid.timestamptz) as (text: string) => Date | number

function parseTimestamptz(text: string): number {
  const value = parseDate(text)
  return typeof value === 'number' ? value : value.getTime()
}

// `text[]`: missing in the driver's list of type ids.
const textArrayOid: number = 1009
type ArrayParser = (text: string) => (string | null)[]
const parseTextArray = pg.types.getTypeParser(textArrayOid) as ArrayParser

const ours = new Map<number, Parser>([
  [oid.int8, parseInt8],
  [oid.timestamptz, parseTimestamptz],
  [oid.date, (text) => text],
  [oid.int8Array, (text) => parseTextArray(text).map((item) => (item === null ? null : parseInt8(item)))],
  [
    oid.timestamptzArray,
    (text) => parseTextArray(text).map((item) => (item === null ? null : parseTimestamptz(item))),
  ],
])

/**
 * How columns arrive: `bigint` → number, safe or an error; `timestamptz` → milliseconds since 1970 (±Infinity for
 * infinity; microseconds are cut off); `date` → `YYYY-MM-DD`; `uuid` → text; `bytea` → Buffer; `jsonb` → parsed;
 * `numeric` → text; arrays of these alike.
 */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: ((type: number, format?: 'text' | 'binary') =>
    (format === 'binary' ? undefined : ours.get(type)) ??
    pg.types.getTypeParser(type, format)) as typeof pg.types.getTypeParser,
}

/** Milliseconds since 1970 as a parameter for `$1::timestamptz`. */
export function toTimestamptz(ms: number): string {
  return new Date(ms).toISOString()
}

/** Numbers as a parameter for `$1::vector` or `$1::halfvec` (pgvector's text form). */
export function toVector(values: ArrayLike<number>): string {
  return `[${Array.from(values).join(',')}]`
}

const halfvecHead = 4

/**
 * Numbers as a parameter for `$1::halfvec`, rounded to float16, in pgvector's binary form: a tenth of the bytes of the text,
 * and read at once where the text of 1536 numbers takes a good part of a millisecond.
 */
export function toHalfvec(values: ArrayLike<number>): Buffer {
  const buffer = Buffer.alloc(halfvecHead + values.length * 2)
  const halves = new Float16Array(buffer.buffer, buffer.byteOffset + halfvecHead, values.length)
  halves.set(values)
  buffer.swap16()
  buffer.writeUInt16BE(values.length, 0)
  return buffer
}

/** The numbers of a `halfvec` that arrives as `public.halfvec_send(…)`; the buffer's own bytes are turned round. */
export function fromHalfvec(buffer: Buffer): Float32Array {
  const halves = buffer.subarray(halfvecHead)
  // A view of two-byte numbers begins at an even place.
  const even = halves.byteOffset % 2 === 0 ? halves : Buffer.from(halves)
  even.swap16()
  const rounded = new Float16Array(even.buffer, even.byteOffset, even.length / 2)
  const values = new Float32Array(rounded.length)
  // By place: what makes one array of another takes ten times as long for these types.
  for (let at = 0; at < values.length; at += 1) values[at] = rounded[at] as number
  return values
}

const uuidBytes = 16
const uuidOid = 2950

/**
 * Ids, 16 bytes each, one behind the other, as a parameter for `$1::uuid[]` in binary: thousands of them cost next to nothing,
 * where as text each is written, escaped and read.
 */
export function toUuids(ids: Uint8Array): Buffer {
  const count = ids.length / uuidBytes
  if (count === 0) return arrayHead(0, [])
  const head = arrayHead(1, [count, 1])
  const buffer = Buffer.alloc(head.length + count * (4 + uuidBytes))
  buffer.set(head)
  for (let at = 0; at < count; at += 1) {
    const to = head.length + at * (4 + uuidBytes)
    buffer.writeInt32BE(uuidBytes, to)
    buffer.set(ids.subarray(at * uuidBytes, (at + 1) * uuidBytes), to + 4)
  }
  return buffer
}

/** Dimensions, whether there are nulls, the type; then the length and the first index of each dimension. */
function arrayHead(dimensions: number, bounds: readonly number[]): Buffer {
  const numbers = [dimensions, 0, uuidOid, ...bounds]
  const head = Buffer.alloc(numbers.length * 4)
  for (const [at, number] of numbers.entries()) head.writeInt32BE(number, at * 4)
  return head
}
