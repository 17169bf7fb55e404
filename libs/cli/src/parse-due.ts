import { dueDate } from '@synap/contracts'
import { InvalidArgumentError } from 'commander'

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']
const usage =
  'It is today, tomorrow, a weekday, 3d, 2w or 2026-12-01, if need be with a time: tomorrow 15:00.'

/**
 * A due date as a person writes it, as the API takes it: a day (`2026-12-01`), or with a time of day an instant
 * (`2026-12-01T15:00:00+01:00`). Days and times are those of this machine; `now` in milliseconds. Throws commander's
 * error for anything else.
 */
export function parseDue(text: string, _before?: unknown, now = Date.now()): string {
  const wanted = text.trim()
  const [, instant, seconds = ':00', zone] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d(?:\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/i.exec(wanted) ?? []
  if (instant !== undefined) return checked(`${instant}${seconds}${zone?.toUpperCase()}`)
  const [, dayText = '', hour, minute] = /^(.*?)(?:[ T](\d{1,2}):(\d\d))?$/.exec(wanted) ?? []
  const day = parseDay(dayText.toLowerCase(), new Date(now))
  if (day === undefined) throw new InvalidArgumentError(usage)
  return checked(hour === undefined ? day : atTime(day, Number(hour), Number(minute)))
}

/** The same, and `none` (null) to take one away. */
export const parseDueOrNone = (text: string): string | null =>
  text.trim().toLowerCase() === 'none' ? null : parseDue(text)

/** The day so many days after that of `now`, `2026-12-01`. */
export function dayAfter(now: Date, days: number): string {
  return textOf(new Date(now.getFullYear(), now.getMonth(), now.getDate() + days))
}

function parseDay(text: string, now: Date): string | undefined {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return text
  if (text === 'today') return dayAfter(now, 0)
  if (text === 'tomorrow') return dayAfter(now, 1)
  const [, count, unit] = /^(?:in )?(\d{1,3}) ?(d|days?|w|weeks?)$/.exec(text) ?? []
  if (count !== undefined) return dayAfter(now, Number(count) * (unit?.startsWith('w') ? 7 : 1))
  const weekday = text.length < 3 ? -1 : weekdays.findIndex((name) => name.startsWith(text))
  // The next one: on a Monday, Monday is in a week.
  return weekday < 0 ? undefined : dayAfter(now, ((weekday - now.getDay() + 6) % 7) + 1)
}

function atTime(day: string, hour: number, minute: number): string {
  if (hour > 23 || minute > 59) throw new InvalidArgumentError(usage)
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  const at = new Date(year, month - 1, date, hour, minute)
  const offset = -at.getTimezoneOffset()
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}:${two(Math.abs(offset) % 60)}`
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}:00${zone}`
}

function checked(due: string): string {
  if (dueDate.safeParse(due).success) return due
  throw new InvalidArgumentError(`There is no such day or time. ${usage}`)
}

const two = (part: number): string => String(Math.trunc(part)).padStart(2, '0')
const textOf = (day: Date): string =>
  `${String(day.getFullYear()).padStart(4, '0')}-${two(day.getMonth() + 1)}-${two(day.getDate())}`
