import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

interface AnyEncoder {
  buffer: Buffer
  writeVarInt(value: number): AnyEncoder
  writeUVarInt(value: number): AnyEncoder
  writeVarLong(value: unknown): AnyEncoder
  writeVarIntBytes(value: string | Buffer | null): AnyEncoder
}
interface EncoderClass {
  new (): AnyEncoder
  sizeOfVarLong(value: unknown): number
}
type EncodeRecord = (record: object) => AnyEncoder

const encoderFile = 'kafkajs/src/protocol/encoder.js'
const recordFile = 'kafkajs/src/protocol/recordBatch/record/v0/index.js'

/** kafkajs as it comes: modules of a require of its own, which nobody has patched. */
function loadAnew(): { Encoder: EncoderClass; encodeRecord: EncodeRecord } {
  const require = createRequire(import.meta.url)
  for (const path of Object.keys(require.cache)) if (path.includes('/kafkajs/')) delete require.cache[path]
  return {
    Encoder: require(encoderFile) as EncoderClass,
    encodeRecord: require(recordFile) as EncodeRecord,
  }
}

const stock = loadAnew()
const patched = loadAnew()
await import('./patch-encoder.ts')
const { encodeRecord } = await import('./patch-record.ts')

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 600 }),
  fc.string({ unit: fc.constantFrom('a', 'é', '€', '\u{1f95b}', '\ud800'), maxLength: 20 }),
)

describe('the patched encoder', () => {
  it('given the two copies of kafkajs, one is as it comes and the other is patched', () => {
    const bytes = (encoder: AnyEncoder) => (encoder as unknown as { buf: Buffer }).buf.length
    expect(bytes(new stock.Encoder())).toBe(512)
    expect(bytes(new patched.Encoder())).toBe(64)
  })

  it('given any number, the varints are those of kafkajs', () => {
    const same = fc.property(int32, (value) => {
      for (const write of ['writeVarInt', 'writeUVarInt', 'writeVarLong'] as const)
        expect(new patched.Encoder()[write](value).buffer).toEqual(new stock.Encoder()[write](value).buffer)
      expect(patched.Encoder.sizeOfVarLong(value)).toBe(stock.Encoder.sizeOfVarLong(value))
    })
    fc.assert(same)
  })

  it.each([2 ** 30, -(2 ** 30), 2 ** 31, 2 ** 40, -(2 ** 53), '9223372036854775807'])(
    'given the long %s, it is left to kafkajs',
    (value) => {
      expect(new patched.Encoder().writeVarLong(value).buffer).toEqual(
        new stock.Encoder().writeVarLong(value).buffer,
      )
    },
  )

  const bytes = fc.uint8Array({ maxLength: 2_000 }).map((array) => Buffer.from(array))
  const content = fc.oneof(text, bytes)
  const record = fc.record({
    key: fc.option(content),
    value: fc.option(content),
    headers: fc.dictionary(text, fc.oneof(content, fc.array(content, { maxLength: 3 }))),
    offsetDelta: fc.nat(5_000),
    timestampDelta: fc.nat(2 ** 31 - 1),
  })

  it('given any record, its bytes are those of kafkajs', () => {
    const same = fc.property(record, (record) => {
      const expected = stock.encodeRecord(record).buffer
      expect(encodeRecord(record).buffer).toEqual(expected)
      expect(patched.encodeRecord(record).buffer).toEqual(expected)
    })
    fc.assert(same)
  })

  it.each(['éé\u{1f95b}', '\u{1f95b}', 'a€', '\ud800'])(
    'given the text %j, which is longer in bytes, the record has all of it',
    (text) => {
      for (const record of [
        { key: text, value: text },
        { key: 'k', value: 'v', headers: { [text]: text } },
      ])
        expect(encodeRecord(record).buffer).toEqual(stock.encodeRecord(record).buffer)
    },
  )

  it('given a record without key and headers, its bytes are those of kafkajs', () => {
    const record = { value: Buffer.from('v') }
    expect(encodeRecord(record).buffer).toEqual(stock.encodeRecord(record).buffer)
  })

  it('given kafkajs sends, it takes the record from here', () => {
    const require = createRequire(import.meta.url)
    expect(require(recordFile)).toBe(encodeRecord)
  })
})
