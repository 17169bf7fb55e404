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

  it('given one character that is not as it should be, wherever it stands, it is no id', () => {
    const id = uuidv7()
    for (let at = 0; at < id.length; at += 1) {
      for (const wrong of ['g', 'A', '/', ':', '`', ' ', 'é', '\u0130', '', '00', id[at] === '-' ? '0' : '-'])
        expect(() => uuidToBytes(id.slice(0, at) + wrong + id.slice(at + 1))).toThrow(RangeError)
    }
    expect(() => uuidToBytes('')).toThrow(RangeError)
  })

  it('given any sixteen bytes, their text is canonical and gives them back', () => {
    for (let byte = 0; byte < 256; byte += 1) {
      const bytes = Buffer.from(Array.from({ length: 16 }, (_, index) => (byte + index * 31) & 0xff))
      const text = bytesToUuid(bytes)
      expect(isUuid(text)).toBe(true)
      expect(text.replaceAll('-', '')).toBe(bytes.toString('hex'))
      expect(uuidToBytes(text)).toEqual(bytes)
    }
  })

  it('given bytes and back, the id is the same; anything else is refused', () => {
    const id = uuidv7()
    expect(bytesToUuid(uuidToBytes(id))).toBe(id)
    expect(() => uuidToBytes(id.toUpperCase())).toThrow(RangeError)
    expect(() => bytesToUuid(Buffer.alloc(15))).toThrow(RangeError)
  })
})
