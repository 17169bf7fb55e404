import { describe, expect, it } from 'vitest'
import { bytesToUuid, isUuid, uuidToBytes, uuidv5, uuidv7 } from './ids.ts'

describe('ids', () => {
  it('given many ids made in one process, they sort in the order they were made and never repeat', () => {
    const ids = Array.from({ length: 20_000 }, uuidv7)
    expect([...ids].sort()).toEqual(ids)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('given a version 7 id, its first 48 bits are the time and its version and variant bits are set', () => {
    const before = Date.now()
    const id = uuidv7()
    expect(isUuid(id)).toBe(true)
    expect(uuidToBytes(id).readUIntBE(0, 6)).toBeGreaterThanOrEqual(before)
    expect(id[14]).toBe('7')
    expect('89ab').toContain(id[19])
  })

  it('given the vector of RFC 9562 appendix A.4, version 5 matches', () => {
    expect(uuidv5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    )
  })

  it('given bytes and back, the id is the same; anything else is refused', () => {
    const id = uuidv7()
    expect(bytesToUuid(uuidToBytes(id))).toBe(id)
    expect(() => uuidToBytes(id.toUpperCase())).toThrow(RangeError)
    expect(() => bytesToUuid(Buffer.alloc(15))).toThrow(RangeError)
  })
})
