/** A reading of a wall clock; month 1 to 12. */
export interface WallTime {
  year: number
  month: number
  day: number
  hour: number
  minute: number
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
    formats.set(timeZone, format)
  }
  return format
}

/** True when `name` is a time zone this machine knows. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name)
    return true
  } catch {
    return false
  }
}

/** What the clocks of a zone show at a moment (milliseconds since 1970). Throws RangeError for an unknown zone. */
export function wallTimeAt(ms: number, timeZone: string): WallTime {
  const parts: Record<string, number> = {}
  for (const { type, value } of formatOf(timeZone).formatToParts(ms)) parts[type] = Number(value)
  return {
    year: parts['year'] ?? 0,
    month: parts['month'] ?? 0,
    day: parts['day'] ?? 0,
    hour: parts['hour'] ?? 0,
    minute: parts['minute'] ?? 0,
  }
}

/** Minutes by which the zone's clocks are ahead of UTC at a moment. */
export function offsetMinutesAt(ms: number, timeZone: string): number {
  const wall = wallTimeAt(ms, timeZone)
  return Math.round((utcOf(wall) - Math.floor(ms / 60_000) * 60_000) / 60_000)
}

/**
 * The moment at which the zone's clocks show `wall`. Shown twice (clocks set back): the first of the two. Never shown
 * (clocks set forward): the moment as many minutes after the jump.
 */
export function momentOf(wall: WallTime, timeZone: string): number {
  const asUtc = utcOf(wall)
  const before = offsetMinutesAt(asUtc - 86_400_000, timeZone)
  const after = offsetMinutesAt(asUtc + 86_400_000, timeZone)
  for (const offset of [Math.max(before, after), Math.min(before, after)]) {
    const moment = asUtc - offset * 60_000
    if (offsetMinutesAt(moment, timeZone) === offset) return moment
  }
  return asUtc - before * 60_000
}

/** `YYYY-MM-DD`. */
export function dateText({ year, month, day }: Pick<WallTime, 'year' | 'month' | 'day'>): string {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

function utcOf({ year, month, day, hour, minute }: WallTime): number {
  return Date.UTC(year, month - 1, day, hour, minute)
}
