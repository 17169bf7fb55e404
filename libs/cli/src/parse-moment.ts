import { InvalidArgumentError } from 'commander'
import { dayAfter } from './parse-due.ts'
import { parseSince } from './parse-since.ts'

const daysAgo: Readonly<Record<string, number>> = { today: 0, yesterday: 1 }

/**
 * A moment of the past as a person says it, in ISO 8601: `2h` or `3d` ago, an instant with its zone, or the beginning of a day on
 * this machine: `today`, `yesterday`, `2026-11-21`.
 */
export function parseMoment(text: string, _before?: unknown, now = Date.now()): string {
  const named = daysAgo[text.toLowerCase()]
  const day = named === undefined ? text : dayAfter(new Date(now), -named)
  const [, year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day) ?? []
  if (date === undefined) return since(text, now)
  const at = new Date(Number(year), Number(month) - 1, Number(date))
  if (at.getDate() === Number(date)) return at.toISOString()
  throw new InvalidArgumentError('There is no such day.')
}

function since(text: string, now: number): string {
  try {
    return parseSince(text, undefined, now)
  } catch {
    throw new InvalidArgumentError('It is today, yesterday, 2026-11-21, a time ago (2h, 3d) or an instant.')
  }
}
