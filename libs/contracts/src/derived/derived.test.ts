import type { EntityId, UserId } from '@synap/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hash, uuid } from '../../test/samples.ts'
import { schemaFileOf } from '../avsc.ts'
import { maxDerivedBytes } from '../topics.ts'
import { decodeDerived, encodeDerived } from './codec.ts'
import { packFloat16, unpackFloat16 } from './float16.ts'
import { derivedKey, parseDerivedKey } from './key.ts'
import type { DerivedRecord, Embedded } from './records.ts'

const producer = fc.constantFrom(
  'extract@1',
  'synap-offline-embed@1536@c1',
  'text-embedding-3-small@1536@chunk-2',
)
const place = fc.record({
  userId: uuid as fc.Arbitrary<UserId>,
  entityId: uuid as fc.Arbitrary<EntityId>,
  contentHash: hash,
  producer,
  block: fc.integer({ min: 0, max: 100_000 }),
})

const embedded = (over: Partial<Embedded> = {}): Embedded => ({
  userId: '01890000-0000-7000-8000-000000000001' as UserId,
  entityId: '01890000-0000-7000-8000-000000000002' as EntityId,
  contentHash: 'ab'.repeat(32),
  producer: 'model@4@chunker',
  block: 0,
  blockCount: 1,
  model: 'model',
  dimensions: 4,
  chunker: 'chunker',
  vectors: [{ chunk: 0, start: 0, end: 9, values: packFloat16([0.5, -0.25, 0, 1]) }],
  ...over,
})

const schemaOf = (type: DerivedRecord['type']) => schemaFileOf(type).text

describe('half precision', () => {
  it.each([
    [0, 0x0000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65_504, 0x7bff],
    [2 ** -24, 0x0001],
    [2 ** -14, 0x0400],
    [1 / 3, 0x3555],
    // Halfway between two neighbours: to the even one.
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
  ])('given %d, the bits are those of IEEE 754, little endian', (value, bits) => {
    expect(packFloat16([value]).readUInt16LE(0)).toBe(bits)
  })

  it('given all 65,536 patterns of bits, those of numbers survive unpacking and packing', () => {
    let numbers = 0
    for (let bits = 0; bits < 65_536; bits += 1) {
      const bytes = Buffer.from([bits & 0xff, bits >> 8])
      const [value] = unpackFloat16(bytes)
      if (value === undefined || !Number.isFinite(value)) continue
      numbers += 1
      expect(packFloat16([value]).equals(bytes)).toBe(true)
    }
    expect(numbers).toBe(63_488)
  })

  it('given a number that it cannot hold, or half a number, it is refused', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 65_520, -1e6]) {
      expect(() => packFloat16([value])).toThrow(RangeError)
    }
    expect(() => unpackFloat16(Buffer.alloc(3))).toThrow(RangeError)
  })

  it('given a unit vector, the direction survives: cosine above 0.99999', () => {
    const raw = Array.from({ length: 1_536 }, (_, index) => Math.sin(index * 12.9898) * Math.cos(index))
    const norm = Math.hypot(...raw)
    const unit = raw.map((value) => value / norm)
    const back = unpackFloat16(packFloat16(unit))
    const dot = unit.reduce((sum, value, index) => sum + value * (back[index] ?? 0), 0)
    expect(dot / Math.hypot(...back)).toBeGreaterThan(0.999_99)
  })
})

describe('keys of derived records', () => {
  it('given a place, its key parses back to it', () => {
    fc.assert(
      fc.property(place, (at) => {
        expect(parseDerivedKey(derivedKey(at))).toEqual(at)
      }),
    )
  })

  it.each(['', 'a/b/c/d/0', 'x'.repeat(10_000)])('given %j, it is no key of ours', (key) => {
    expect(parseDerivedKey(key)).toBeUndefined()
  })

  it('given a key with a part too many, another spelling of its block, or a producer with a slash, it is none', () => {
    const [at] = fc.sample(place, { numRuns: 1, seed: 1 })
    if (at === undefined) throw new Error('no sample')
    const key = derivedKey({ ...at, block: 7 })
    for (const wrong of [
      `${key}/0`,
      key.replace(/7$/, '07'),
      key.replace(/7$/, '-7'),
      key.replace(at.producer, 'a/b'),
    ]) {
      expect(parseDerivedKey(wrong)).toBeUndefined()
    }
  })
})

describe('derived records', () => {
  it('given an extraction, it comes back', () => {
    const record: DerivedRecord = {
      type: 'synap.derived.Extracted',
      userId: '01890000-0000-7000-8000-000000000001' as UserId,
      entityId: '01890000-0000-7000-8000-000000000002' as EntityId,
      contentHash: 'cd'.repeat(32),
      producer: 'extract@1',
      block: 0,
      blockCount: 1,
      textKey: 'users/u/derived/e.0123456789abcdef.txt',
      language: 'de',
      analysable: true,
      reason: null,
      links: ['https://example.com/ä'],
      chunks: [{ index: 0, start: 0, end: 10, byteStart: 0, byteEnd: 12 }],
    }
    expect(decodeDerived(schemaOf(record.type), encodeDerived(record))).toEqual({ ok: true, record })
  })

  it('given embeddings, the vectors come back as bytes', () => {
    const record: DerivedRecord = { type: 'synap.derived.Embedded', ...embedded() }
    expect(decodeDerived(schemaOf(record.type), encodeDerived(record))).toEqual({ ok: true, record })
  })

  it('given a full block of vectors with 3,072 dimensions, it fits its bound', () => {
    const values = packFloat16(new Float32Array(3_072).fill(0.1))
    const vectors = Array.from({ length: 64 }, (_, chunk) => ({ chunk, start: 0, end: 2_000, values }))
    const bytes = encodeDerived({
      type: 'synap.derived.Embedded',
      ...embedded({ dimensions: 3_072, vectors }),
    })
    expect(bytes.length).toBeLessThan(maxDerivedBytes)
  })

  it('given a block with more vectors than allowed, it is not encoded', () => {
    const vectors = Array.from({ length: 65 }, (_, chunk) => ({
      chunk,
      start: 0,
      end: 1,
      values: Buffer.alloc(8),
    }))
    expect(() => encodeDerived({ type: 'synap.derived.Embedded', ...embedded({ vectors }) })).toThrow(
      expect.objectContaining({ code: 'derived.invalid' }),
    )
  })

  it('given any bytes, decoding answers and never throws', () => {
    const good = encodeDerived({ type: 'synap.derived.Embedded', ...embedded() })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (random, at) => {
        expect(typeof decodeDerived(schemaOf('synap.derived.Embedded'), Buffer.from(random)).ok).toBe(
          'boolean',
        )
        const cut = decodeDerived(schemaOf('synap.derived.Embedded'), good.subarray(0, at % good.length))
        expect(cut.ok).toBe(false)
      }),
    )
  })

  it('given a record of another name, it is unknown and not an error', () => {
    const text = schemaOf('synap.derived.Embedded').replace('"name": "Embedded"', '"name": "Summarised"')
    expect(decodeDerived(text, Buffer.alloc(0))).toEqual({
      ok: false,
      reason: 'unknown_type',
      detail: 'synap.derived.Summarised',
    })
  })
})
