import { describe, expect, it } from 'vitest'
import { parseMoment } from './parse-moment.ts'

const now = new Date(2026, 10, 21, 12).getTime()
const day = (date: number) => new Date(2026, 10, date).toISOString()

describe('a moment', () => {
  it.each([
    ['today', day(21)],
    ['Yesterday', day(20)],
    ['2026-11-02', day(2)],
    ['2h', new Date(now - 7_200_000).toISOString()],
    ['2026-11-21T06:00:00+02:00', '2026-11-21T04:00:00.000Z'],
  ])('given %s, it is %s', (text, at) => {
    expect(parseMoment(text, undefined, now)).toBe(at)
  })

  it.each(['', 'soon', '2026-02-30', '2026-11-21T06:00'])('given %j, it is refused', (text) => {
    expect(() => parseMoment(text, undefined, now)).toThrow(/It is today|no such day/)
  })
})
