import { describe, expect, it } from 'vitest'
import { avscOf } from '../avsc.ts'
import type { Envelope } from '../event/envelope.ts'
import { createDecoder, readKnownEvent } from './decode.ts'
import { encodeDelta, encodeEnvelope } from './encode.ts'

const head = {
  id: '01890000-0000-7000-8000-000000000001',
  userId: '01890000-0000-7000-8000-000000000002',
  aggregateId: '01890000-0000-7000-8000-000000000003',
  version: 1,
  sequence: 1,
  occurredAt: 1_800_000_000_000,
  source: 'api',
  correlationId: '0af7651916cd43dd8448eb211c80319c',
  causationId: null,
  actor: { kind: 'user', id: null },
} as unknown as Envelope

const created = avscOf('entity.created')
const envelopeBytes = encodeEnvelope(created, head)
const deltaBytes = encodeDelta('entity.created', { type: 'note', title: 'Tea', timeZone: null })

/** A schema whose last field has the given type, behind the usual envelope. */
function schemaWith(type: unknown): string {
  const schema = JSON.parse(created) as { fields: unknown[] }
  return JSON.stringify({ ...schema, fields: [...schema.fields.slice(0, 10), { name: 'last', type }] })
}

/** A zigzag varint of any size. */
function varint(value: bigint): Buffer {
  let rest = value >= 0n ? value * 2n : -value * 2n - 1n
  const bytes: number[] = []
  while (rest >= 128n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  return Buffer.from([...bytes, Number(rest)])
}

const refusal = (schema: string, ...delta: Buffer[]) => {
  const decoded = createDecoder(schema)(Buffer.concat([envelopeBytes, ...delta]))
  return decoded.ok ? 'decoded' : decoded.reason
}
const long = (value: bigint) => refusal(schemaWith('long'), varint(value))

describe('hostile bytes', () => {
  it('given the event itself, it is decoded: the cases below fail for their own reason', () => {
    expect(refusal(created, deltaBytes)).toBe('decoded')
  })

  it('given an event cut off at any byte, it is refused as truncated or as a length beyond the bytes', () => {
    const whole = Buffer.concat([envelopeBytes, deltaBytes])
    for (let length = 0; length < whole.length; length += 1) {
      const decoded = createDecoder(created)(whole.subarray(0, length))
      expect(decoded).toMatchObject({
        ok: false,
        reason: expect.stringMatching(/^(truncated|length_beyond_bytes)$/),
      })
    }
  })

  it('given a byte too many, it is refused', () => {
    expect(refusal(created, deltaBytes, Buffer.alloc(1))).toBe('trailing_bytes')
  })

  it.each([
    ['a billion of items', 'string', [varint(1_000_000_000n)]],
    ['a billion of nothings', 'null', [varint(1_000_000_000n)]],
    ['a billion of items in a sized block', 'string', [varint(-1_000_000_000n), varint(1n), Buffer.alloc(1)]],
  ])('given an array that claims %s, it is refused at once and allocates nothing', (_, items, bytes) => {
    const before = process.memoryUsage().heapUsed
    expect(refusal(schemaWith({ type: 'array', items }), ...bytes)).toBe('count_beyond_bytes')
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000)
  })

  it('given a map that claims a billion of entries, or a key that would set a prototype, it is refused', () => {
    const map = schemaWith({ type: 'map', values: 'int' })
    expect(refusal(map, varint(1_000_000_000n))).toBe('count_beyond_bytes')
    const key = Buffer.from('__proto__')
    expect(refusal(map, varint(1n), varint(BigInt(key.length)), key, varint(7n), varint(0n))).toBe('map_key')
  })

  it('given a block that claims a size beyond the bytes, it is refused', () => {
    const array = schemaWith({ type: 'array', items: 'int' })
    expect(refusal(array, varint(-1n), varint(1_000n), varint(1n), varint(0n))).toBe('length_beyond_bytes')
  })

  it.each([2n ** 40n, 2n ** 31n, -1n])('given a string of length %s, it is refused', (length) => {
    expect(refusal(schemaWith('string'), varint(length), Buffer.from('x'))).toBe('length_beyond_bytes')
    expect(refusal(schemaWith('bytes'), varint(length), Buffer.from('x'))).toBe('length_beyond_bytes')
  })

  it.each([2n, 10n, -1n])('given the union index %s of two branches, it is refused', (index) => {
    expect(
      refusal(
        created,
        encodeDelta('entity.created', { type: 'note', title: null, timeZone: null }).subarray(0, -1),
        varint(index),
      ),
    ).toBe('union_index')
  })

  it('given an index beyond an enum, it is refused', () => {
    const schema = schemaWith({ type: 'enum', name: 'E', symbols: ['A', 'B'] })
    expect(refusal(schema, varint(1n))).toBe('decoded')
    expect(refusal(schema, varint(2n))).toBe('enum_index')
  })

  it('given longs, those that a number holds exactly are decoded and all others refused', () => {
    for (const value of [0n, 1n, -1n, 2n ** 31n, 2n ** 52n, 2n ** 53n - 2n, -(2n ** 52n)]) {
      const decoded = createDecoder(schemaWith('long'))(Buffer.concat([envelopeBytes, varint(value)]))
      expect(decoded.ok && decoded.event.delta['last']).toBe(Number(value))
    }
    for (const value of [2n ** 53n, 2n ** 53n + 1n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 53n)]) {
      expect(long(value)).toBe('long_range')
    }
    expect(refusal(schemaWith('long'), Buffer.alloc(12, 0xff), Buffer.alloc(1))).toBe('long_range')
  })

  it('given an int beyond 32 bits, it is refused', () => {
    expect(refusal(schemaWith('int'), varint(2n ** 31n - 1n))).toBe('decoded')
    expect(refusal(schemaWith('int'), varint(-(2n ** 31n)))).toBe('decoded')
    expect(refusal(schemaWith('int'), varint(2n ** 31n))).toBe('int_range')
  })

  it('given a number that is not written in its shortest form, it is refused: it could not come back the same', () => {
    expect(refusal(schemaWith('long'), Buffer.from([0x80, 0x00]))).toBe('varint_not_minimal')
  })

  it('given a boolean that is neither 0 nor 1, it is refused', () => {
    expect(refusal(schemaWith('boolean'), Buffer.from([2]))).toBe('boolean_value')
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -0])('given the double %s, it is refused', (value) => {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(value)
    expect(refusal(schemaWith('double'), bytes)).toBe('number_not_finite')
  })

  it.each([
    ['a byte that no UTF-8 has', [0xff], 'invalid_utf8'],
    ['a lone surrogate', [0xed, 0xa0, 0x80], 'invalid_utf8'],
    ['an overlong slash', [0xc0, 0xaf], 'invalid_utf8'],
    ['a NUL character', [0x61, 0x00], 'nul_character'],
  ])('given text with %s, it is refused', (_, bytes, reason) => {
    expect(refusal(schemaWith('string'), varint(BigInt(bytes.length)), Buffer.from(bytes))).toBe(reason)
  })

  it('given a value nested 200,000 times, it is refused and the stack stands', () => {
    const list = { type: 'record', name: 'List', fields: [{ name: 'next', type: ['null', 'List'] }] }
    const schema = schemaWith(list)
    expect(refusal(schema, Buffer.concat([varint(1n), varint(1n), varint(0n)]))).toBe('decoded')
    expect(refusal(schema, Buffer.alloc(200_000, varint(1n)))).toBe('too_deep')
  })

  it('given a payload above a megabyte, it is refused before anything else', () => {
    expect(refusal(schemaWith('bytes'), Buffer.alloc(1_100_000))).toBe('too_large')
  })

  it('given a version, sequence or time that no event has, the envelope is refused', () => {
    for (const wrong of [{ version: 0 }, { version: -1 }, { sequence: 0 }, { occurredAt: -1 }]) {
      const bytes = Buffer.concat([encodeEnvelope(created, { ...head, ...wrong }), deltaBytes])
      expect(createDecoder(created)(bytes)).toMatchObject({ ok: false, reason: 'envelope' })
      expect(readKnownEvent(created, bytes)).toMatchObject({ ok: false, reason: 'envelope' })
    }
  })

  it.each([
    ['no JSON', '{'],
    ['no record', '"string"'],
    ['an unknown name', schemaWith('Nobody')],
    ['a type that Avro does not have', schemaWith({ type: 'decimal128' })],
    ['a name twice', schemaWith({ type: 'fixed', name: 'Uuid', size: 16 })],
    ['a field that would set a prototype', created.replace('"name": "title"', '"name": "__proto__"')],
    [
      'a thousand levels',
      schemaWith(Array.from({ length: 1_000 }).reduce((inner) => ({ type: 'array', items: inner }), 'int')),
    ],
    ['five megabytes', `${created}${' '.repeat(5_000_000)}`],
  ])('given a schema with %s, making a decoder is refused with a code', (_, schema) => {
    expect(() => createDecoder(schema)).toThrow(
      expect.objectContaining({ code: 'schema.unusable', class: 'data' }),
    )
  })
})
