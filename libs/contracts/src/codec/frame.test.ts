import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { frame, parseFrame } from './frame.ts'

describe('the frame', () => {
  it('given an id and bytes, they come back, and the format is 0x00, int32 big endian, bytes', () => {
    expect([...frame(258, Buffer.from([7]), Buffer.from([8, 9]))]).toEqual([0, 0, 0, 1, 2, 7, 8, 9])
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_147_483_647 }), fc.uint8Array(), (id, bytes) => {
        const parsed = parseFrame(frame(id, bytes))
        expect(parsed).toEqual({ schemaId: id, payload: Buffer.from(bytes) })
      }),
    )
  })

  it.each([
    [null, 'null'],
    [Buffer.alloc(0), 'empty'],
    [Buffer.from([0]), 'short'],
    [Buffer.from([0, 0, 0, 1]), 'short'],
    [Buffer.from([1, 0, 0, 0, 1]), 'magic'],
    [Buffer.from([0, 0xff, 0xff, 0xff, 0xff]), 'schema_id'],
    [Buffer.from([0, 0, 0, 0, 0]), 'schema_id'],
  ])('given %s, it is refused', (value, refused) => {
    expect(parseFrame(value)).toEqual({ refused })
  })

  it.each([0, -1, 1.5, 2_147_483_648, Number.NaN])('given the schema id %s, nothing is framed', (id) => {
    expect(() => frame(id)).toThrow(RangeError)
  })
})
