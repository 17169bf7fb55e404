import { describe, expect, it } from 'vitest'
import { relativeDue, relativeTime, shortTime } from './relative-time.ts'

/** On this machine's clock, whatever its time zone. */
const now = new Date(2026, 10, 21, 23, 30).getTime()
const minute = 60_000

describe('times', () => {
  it.each([
    [0, 'just now', 'just now'],
    [-59_000, 'just now', 'just now'],
    [-17 * minute, '17 minutes ago', '17m ago'],
    [-120 * minute, '2 hours ago', '2h ago'],
    [-1_440 * minute, 'yesterday', 'yesterday'],
    [3 * 1_440 * minute, 'in 3 days', 'in 3d'],
    [-800 * 1_440 * minute, '2 years ago', '2y ago'],
  ])('given %i ms from now: %s', (distance, long, short) => {
    expect(relativeTime(now + distance, now)).toBe(long)
    expect(shortTime(now + distance, now)).toBe(short)
  })
})

describe('due dates', () => {
  it.each([
    ['2026-11-21', 'today'],
    ['2026-11-22', 'tomorrow'],
    ['2026-11-20', 'yesterday'],
    ['2026-11-27', 'in 6 days'],
    ['2026-11-11', '10 days ago'],
    ['2027-03-21', 'in 4 months'],
  ])('given the day %s at half past eleven at night, it is %s: days count, not hours', (due, text) => {
    expect(relativeDue(due, now)).toBe(text)
  })

  it('given an instant, its day and time here are told', () => {
    expect(relativeDue(new Date(2026, 10, 22, 9, 5).toISOString(), now)).toBe('tomorrow 09:05')
  })
})
