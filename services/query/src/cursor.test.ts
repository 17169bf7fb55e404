import type { UserId } from '@synap/core'
import { uuidv7 } from '@synap/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCursorCodec } from './cursor.ts'

const anna = uuidv7() as UserId
const bert = uuidv7() as UserId
const codec = createCursorCodec('a secret')
const position = { createdAt: 1_763_000_000_123, id: uuidv7() }

describe('cursor', () => {
  it('given the same user and filter, it names the same place', () => {
    expect(codec.parse(anna, 'type=note', codec.sign(anna, 'type=note', position))).toEqual(position)
  })

  it('given another user, another filter or another secret, it is refused', () => {
    const cursor = codec.sign(anna, 'type=note', position)
    expect(codec.parse(bert, 'type=note', cursor)).toBeUndefined()
    expect(codec.parse(anna, 'type=task', cursor)).toBeUndefined()
    expect(createCursorCodec('another').parse(anna, 'type=note', cursor)).toBeUndefined()
  })

  it('given any changed byte, it is refused', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Buffer.from(codec.sign(anna, '', position), 'base64url')
        const index = at % bytes.length
        bytes[index] = (bytes[index] ?? 0) ^ change
        expect(codec.parse(anna, '', bytes.toString('base64url'))).toBeUndefined()
      }),
    )
  })

  it('given any text, parsing refuses and never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(codec.parse(anna, '', text)).toBeUndefined()
      }),
    )
  })
})
