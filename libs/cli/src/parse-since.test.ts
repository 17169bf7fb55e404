import { describe, expect, it } from 'vitest'
import { parseSince } from './parse-since.ts'

const now = Date.UTC(2026, 10, 21, 12)

describe('a time from which on', () => {
  it.each([
    ['90m', '2026-11-21T10:30:00.000Z'],
    ['2h', '2026-11-21T10:00:00.000Z'],
    ['3d', '2026-11-18T12:00:00.000Z'],
    ['2026-11-21T06:00Z', '2026-11-21T06:00:00.000Z'],
    ['2026-11-21T06:00:00+02:00', '2026-11-21T04:00:00.000Z'],
  ])('given %s, it is %s', (text, at) => {
    expect(parseSince(text, undefined, now)).toBe(at)
  })

  // Without a zone it would be another time on each machine.
  it.each(['', 'yesterday', '2 h', '-2h', '2026-11-21', '2026-11-21T06:00', '2026-13-41T06:00Z'])(
    'given %j, it is refused',
    (text) => {
      expect(() => parseSince(text, undefined, now)).toThrow('a time ago')
    },
  )
})
