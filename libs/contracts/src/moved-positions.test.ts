import { uuidv7 } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { readMovedPositions, writeMovedPositions } from './moved-positions.ts'

describe('positions that have moved', () => {
  const some = (count: number) =>
    new Map(Array.from({ length: count }, (_, index) => [uuidv7(), 10 ** (index % 16) - 1] as const))

  it.each([1, 2, 100])(
    'given %i users, they are read as they were written, and fit a notification',
    (count) => {
      const moved = some(count)
      const payload = writeMovedPositions(moved)
      expect(Buffer.byteLength(payload)).toBeLessThan(8_000)
      expect(readMovedPositions(payload)).toEqual(moved)
    },
  )

  it('given more users than fit, or something else, it says nothing', () => {
    expect(writeMovedPositions(some(101))).toBe('')
    for (const other of [undefined, '', 'x', `${uuidv7()}:`, `${uuidv7()}:1,`, `${uuidv7()}:-1`])
      expect(readMovedPositions(other)).toBeUndefined()
  })
})
