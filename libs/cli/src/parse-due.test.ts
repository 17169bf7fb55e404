import { dueDate } from '@synap/contracts'
import { describe, expect, it } from 'vitest'
import { parseDue, parseDueOrNone } from './parse-due.ts'

/** A Saturday, in the zone of this machine. */
const now = new Date(2026, 10, 21, 9, 30).getTime()
const parse = (text: string) => parseDue(text, undefined, now)

describe('a due date', () => {
  it.each([
    ['today', '2026-11-21'],
    ['Tomorrow', '2026-11-22'],
    ['sat', '2026-11-28'],
    ['monday', '2026-11-23'],
    ['3d', '2026-11-24'],
    ['in 2 weeks', '2026-12-05'],
    ['2026-12-01', '2026-12-01'],
    ['2026-12-01T15:00Z', '2026-12-01T15:00:00Z'],
    ['2026-12-01T15:00:30.5+01:00', '2026-12-01T15:00:30.5+01:00'],
  ])('given %s, it is %s', (text, due) => {
    expect(parse(text)).toBe(due)
  })

  it('given a time of day, it is an instant that names the day of this machine', () => {
    for (const text of ['tomorrow 8:05', '2026-11-22T08:05']) {
      const due = parse(text)
      expect(due).toMatch(/^2026-11-22T08:05:00[+-]\d\d:\d\d$/)
      expect(Date.parse(due)).toBe(new Date(2026, 10, 22, 8, 5).getTime())
      expect(dueDate.safeParse(due).success).toBe(true)
    }
  })

  it.each(['', 'soon', 'm', '2026-02-30', '2026-12-01 25:00', '20261201', 'tomorrow 3', '15:00'])(
    'given %j, it is refused with what it may be',
    (text) => {
      expect(() => parse(text)).toThrow('tomorrow 15:00')
    },
  )

  it('given none, there is none', () => {
    expect(parseDueOrNone('None')).toBeNull()
  })
})
