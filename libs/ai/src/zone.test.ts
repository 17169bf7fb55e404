import { describe, expect, it } from 'vitest'
import { isTimeZone, momentOf, offsetMinutesAt, wallTimeAt } from './zone.ts'

const at = (text: string) => Date.parse(text)

describe('time zones', () => {
  it('given a moment, when read in zones, then each shows its own clock', () => {
    expect(wallTimeAt(at('2026-11-18T23:30:00Z'), 'Asia/Kolkata')).toEqual({
      year: 2026,
      month: 11,
      day: 19,
      hour: 5,
      minute: 0,
    })
    expect(offsetMinutesAt(at('2026-07-01T00:00:00Z'), 'America/New_York')).toBe(-240)
    expect(offsetMinutesAt(at('2026-12-01T00:00:00Z'), 'America/New_York')).toBe(-300)
  })

  it('given a clock reading, when turned into a moment, then the zone of that day counts', () => {
    const wall = { year: 2026, month: 7, day: 1, hour: 9, minute: 15 }
    expect(momentOf(wall, 'Europe/Berlin')).toBe(at('2026-07-01T07:15:00Z'))
    expect(momentOf({ ...wall, month: 12 }, 'Europe/Berlin')).toBe(at('2026-12-01T08:15:00Z'))
    expect(momentOf(wall, 'Pacific/Kiritimati')).toBe(at('2026-06-30T19:15:00Z'))
  })

  it('given a reading that is shown twice, when turned into a moment, then it is the first', () => {
    const wall = { year: 2026, month: 10, day: 25, hour: 2, minute: 30 }
    expect(momentOf(wall, 'Europe/Berlin')).toBe(at('2026-10-25T00:30:00Z'))
  })

  it('given a reading that is never shown, when turned into a moment, then it lies after the jump', () => {
    const wall = { year: 2026, month: 3, day: 29, hour: 2, minute: 30 }
    expect(momentOf(wall, 'Europe/Berlin')).toBe(at('2026-03-29T01:30:00Z'))
  })

  it('given names, when checked, then only known zones pass', () => {
    expect([isTimeZone('Europe/Berlin'), isTimeZone('Mars/Olympus')]).toEqual([true, false])
  })
})
