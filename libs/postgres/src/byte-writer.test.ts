import { uuidToBytes, uuidv7 } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from './byte-writer.ts'

const written = (write: (writer: ByteWriter) => void): Buffer => {
  const writer = new ByteWriter()
  write(writer)
  return writer.take()
}

describe('ByteWriter', () => {
  it.each([0, 1, -1, 2 ** 31, -(2 ** 31), 2 ** 32, -(2 ** 32) - 1, 2 ** 53 - 1, -(2 ** 53) + 1])(
    'given the whole number %s, its eight bytes are those of the bigint',
    (value) => {
      expect(written((writer) => writer.wideInteger(value))).toEqual(
        written((writer) => writer.int64(BigInt(value))),
      )
    },
  )

  it('given a UUID, with hyphens or without, it is sixteen bytes', () => {
    const id = uuidv7()
    for (const text of [id, id.replaceAll('-', '')])
      expect(written((writer) => expect(writer.uuid(text)).toBe(true))).toEqual(uuidToBytes(id))
  })

  it.each([
    '',
    '0199A0B0-0000-7000-8000-000000000000',
    '0199a0b000000-7000-8000-000000000000',
    '0199a0b0-0000-7000-8000-00000000000g',
    '0199a0b0-0000-7000-8000-00000000000\u0130',
    '0199a0b0-0000-7000-8000-0000000000',
    '-199a0b0000070008000000000000000',
    '\u01610199a0b000007000800000000000000',
  ])('given %j, which is no UUID, nothing is written', (text) => {
    expect(written((writer) => expect(writer.uuid(text)).toBe(false))).toHaveLength(0)
  })

  it.each([
    '',
    'a',
    'note',
    'ü',
    'plain, then Grüße',
    '\u{1f95b}'.repeat(40),
    'x'.repeat(64),
    'x'.repeat(65),
  ])('given the text %j, it is its UTF-8', (text) => {
    expect(written((writer) => writer.utf8(text))).toEqual(Buffer.from(text, 'utf8'))
  })

  it('given more than there is room for, what was written before is kept', () => {
    const words = Array.from({ length: 20_000 }, (_, index) => `wörd ${index}`)
    const all = written((writer) => {
      for (const word of words) {
        const begun = writer.begin()
        writer.utf8(word)
        writer.end(begun)
      }
    })
    let at = 0
    for (const word of words) {
      const bytes = Buffer.from(word, 'utf8')
      expect(all.readInt32BE(at)).toBe(bytes.length)
      expect(all.subarray(at + 4, at + 4 + bytes.length).equals(bytes)).toBe(true)
      at += 4 + bytes.length
    }
    expect(at).toBe(all.length)
  })
})
