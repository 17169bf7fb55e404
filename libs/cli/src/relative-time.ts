const second = 1_000
const dayMs = 86_400 * second

const units: ReadonlyArray<readonly [unit: Intl.RelativeTimeFormatUnit, ms: number]> = [
  ['year', 365 * dayMs],
  ['month', 30 * dayMs],
  ['day', dayMs],
  ['hour', 3_600 * second],
  ['minute', 60 * second],
]

const long = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const narrow = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'narrow' })

/** `2 hours ago`, `tomorrow`; `just now` within a minute. */
export function relativeTime(time: string | number | Date, now = Date.now()): string {
  return relative(long, time, now)
}

/** The same for columns: `2h ago`. */
export function shortTime(time: string | number | Date, now = Date.now()): string {
  return relative(narrow, time, now)
}

function relative(format: Intl.RelativeTimeFormat, time: string | number | Date, now: number): string {
  const distance = new Date(time).getTime() - now
  const unit = units.find(([, ms]) => Math.abs(distance) >= ms)
  return unit === undefined ? 'just now' : format.format(Math.round(distance / unit[1]), unit[0])
}

/**
 * A due date as a person says it: `today`, `tomorrow`, `in 6 days`, with the time of day when it is an instant
 * (`tomorrow 15:00`). `due` is a day (`2026-11-22`) or an instant, `now` milliseconds; days are those of this machine.
 */
export function relativeDue(due: string, now = Date.now()): string {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(due)
  const at = new Date(due)
  const today = new Date(now)
  const dueDay = isDay ? at.getTime() : Date.UTC(at.getFullYear(), at.getMonth(), at.getDate())
  const days = Math.round((dueDay - Date.UTC(today.getFullYear(), today.getMonth(), today.getDate())) / dayMs)
  const text = Math.abs(days) < 60 ? long.format(days, 'day') : relative(long, at, now)
  const time = [at.getHours(), at.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':')
  return isDay ? text : `${text} ${time}`
}
