import type { Span } from '../provider.ts'
import { type CalendarWords, calendarWords } from './calendar-words.ts'

/** A day counted in the calendar: month 1 to 12. */
export interface CalendarDay {
  year: number
  month: number
  day: number
}

/** A day, or a time on it, as words name it. Where none of both is named, that part is null; never both. */
export interface SpokenDate {
  day: CalendarDay | null
  time: { hour: number; minute: number } | null
  /** Minutes from now, in place of day and time: "in 20 minutes". */
  minutesAhead: number | null
  span: Span
}

interface DayRule {
  pattern: RegExp
  /** A day, minutes from now, or null for a day that no calendar has. */
  dayOf: (match: RegExpExecArray, today: CalendarDay) => CalendarDay | number | null
}
interface Grammar {
  days: readonly DayRule[]
  /** Matches where a time stands right after a day, right before one, and alone. */
  timeAfter: RegExp
  timeBefore: RegExp
  timeAlone: RegExp
}

const start = '(?<![\\p{L}\\p{N}][-.:/]?)'
const end = '(?![\\p{L}\\p{N}]|[-:/]\\p{N})'
const grammars = new Map<string, Grammar>()

export const spokenLanguages: readonly string[] = Object.keys(calendarWords)

/** True when dates of this language are read by the tables here. */
export const isSpokenHere = (language: string): boolean => language in calendarWords

/** Made with the first text. */
function grammarFor(language: string): Grammar | undefined {
  const words = calendarWords[language]
  if (words === undefined) return undefined
  const grammar = grammars.get(language) ?? grammarOf(words)
  grammars.set(language, grammar)
  return grammar
}

/** Every date in a text, as the words of the language name it, in order. `today` is the day in the user's zone. */
export function spokenDates(text: string, language: string, today: CalendarDay): SpokenDate[] {
  const grammar = grammarFor(language)
  if (grammar === undefined) return []
  const found: SpokenDate[] = []
  for (const { pattern, dayOf } of grammar.days) {
    for (const match of text.matchAll(pattern)) {
      const named = dayOf(match, today)
      if (named === null) continue
      const span = { start: match.index, end: match.index + match[0].length }
      found.push(
        typeof named === 'number'
          ? { day: null, time: null, minutesAhead: named, span }
          : withTime(text, { day: named, time: null, minutesAhead: null, span }, grammar),
      )
    }
  }
  if (found.length === 0) {
    const alone = grammar.timeAlone.exec(text)
    const time = alone === null ? null : timeOf(alone)
    if (alone !== null && time !== null) {
      const begin = alone.index + alone[0].length - (alone.groups?.['clock'] ?? alone[0]).length
      found.push({
        day: null,
        time,
        minutesAhead: null,
        span: { start: begin, end: alone.index + alone[0].length },
      })
    }
  }
  return found.sort((a, b) => a.span.start - b.span.start || b.span.end - a.span.end)
}

function withTime(text: string, date: SpokenDate, { timeAfter, timeBefore }: Grammar): SpokenDate {
  const { span } = date
  const after = timeAfter.exec(text.slice(span.end))
  if (after !== null && timeOf(after) !== null)
    return { ...date, time: timeOf(after), span: { start: span.start, end: span.end + after[0].length } }
  const before = timeBefore.exec(text.slice(0, span.start))
  if (before !== null && timeOf(before) !== null)
    return { ...date, time: timeOf(before), span: { start: before.index, end: span.end } }
  return date
}

function timeOf({ groups }: RegExpExecArray): { hour: number; minute: number } | null {
  if (groups?.['noon'] !== undefined) return { hour: 12, minute: 0 }
  const hour = Number(groups?.['hour'] ?? groups?.['full'])
  const minute = Number(groups?.['minute'] ?? 0)
  return hour <= 23 && minute <= 59 ? { hour, minute } : null
}

function grammarOf(words: CalendarWords): Grammar {
  const marked = `(?<hour>\\d{1,2})(?:[:.](?<minute>\\d{2})(?:${words.oClock})?|\\s*(?:h|uhr)\\s*(?<minute>\\d{2})|${words.oClock})`
  const full = `${words.at}(?:${marked}|(?<full>\\d{1,2}))`
  const noon = `(?:${words.at})?(?<noon>${words.noon})`
  const clock = `(?:${full}|${marked}|${noon})${end}`
  return {
    days: [...relativeRules(words), ...weekdayRules(words), ...dateRules(words), ...aheadRules(words)],
    timeAfter: new RegExp(`^[\\s,]+${clock}`, 'iu'),
    timeBefore: new RegExp(`${start}${clock}[\\s,]+(?:\\p{L}{1,3}\\s+)?$`, 'iu'),
    timeAlone: new RegExp(`${start}(?:${words.at}(?<clock>${marked})|(?<clock>${noon}))${end}`, 'iu'),
  }
}

const rule = (source: string, dayOf: DayRule['dayOf']): DayRule => ({
  pattern: new RegExp(`${start}${source}${end}`, 'giu'),
  dayOf,
})

function relativeRules({ relative, endOfMonth }: CalendarWords): DayRule[] {
  return [
    ...relative.map(([source, days]) => rule(source, (_, today) => plusDays(today, days))),
    rule(endOfMonth, (_, today) => lastOfMonth(today.year, today.month)),
  ]
}

/** The next day of that name; on the day itself the one a week later. */
function weekdayRules({ weekdays }: CalendarWords): DayRule[] {
  return weekdays.map((source, index) =>
    rule(source, (_, today) => {
      const ahead = (index + 1 - weekdayOf(today) + 7) % 7
      return plusDays(today, ahead === 0 ? 7 : ahead)
    }),
  )
}

/** Day and month with a stroke alone are as often a fraction. */
const leadsToNumbers = 'bis|am|zum|le|au|avant|el|al|del|até|em|dia|il|entro|op|do|u'

function dateRules({ months, ofMonth, numbered }: CalendarWords): DayRule[] {
  const named = `(?<day>\\d{1,2})${ofMonth}(?:${months.map((month) => `(${month})`).join('|')})(?:\\.?,?\\s+(?:de\\s+)?(?<year>\\d{4})\\.?)?`
  return [
    rule(named, (match, today) => {
      const month = months.findIndex((_, index) => match[index + 2] !== undefined) + 1
      return dateOf(match.groups?.['day'], String(month), match.groups?.['year'], today)
    }),
    rule('(?<day>\\d{1,2})\\.\\s?(?<month>\\d{1,2})\\.(?:\\s?(?<year>\\d{4})\\.?)?', numeric),
    rule('(?<day>\\d{1,2})[/-](?<month>\\d{1,2})(?:[/-](?<year>\\d{4}))', numeric),
    rule(`(?<=(?:${leadsToNumbers})\\s)(?<day>\\d{1,2})/(?<month>\\d{1,2})`, numeric),
    rule('(?<year>\\d{4})-(?<month>\\d{2})-(?<day>\\d{2})', numeric),
    ...(numbered === undefined
      ? []
      : [rule(numbered, (match, today) => nextNumbered(Number(match.groups?.['day']), today))]),
  ]
}

const numeric: DayRule['dayOf'] = ({ groups }, today) =>
  dateOf(groups?.['day'], groups?.['month'], groups?.['year'], today)

function aheadRules({ ahead, units, numbers }: CalendarWords): DayRule[] {
  const amount = `(?:(?<amount>\\d{1,3})|${numbers.map((number) => `(${number})`).join('|')})`
  const amountOf = (match: RegExpExecArray) =>
    Number(match.groups?.['amount'] ?? numbers.findIndex((_, index) => match[index + 2] !== undefined) + 1)
  const unit = (source: string, dayOf: (amount: number, today: CalendarDay) => CalendarDay | number) =>
    rule(`${ahead}\\s+${amount}\\s*(?:${source})`, (match, today) => dayOf(amountOf(match), today))
  return [
    unit(units.minute, (minutes) => minutes),
    unit(units.hour, (hours) => hours * 60),
    unit(units.day, (days, today) => plusDays(today, days)),
    unit(units.week, (weeks, today) => plusDays(today, 7 * weeks)),
    unit(units.month, (months, today) => plusMonths(today, months)),
  ]
}

/** A date without a year is the next of that name; null for one that no calendar has. */
function dateOf(day = '', month = '', year: string | undefined, today: CalendarDay): CalendarDay | null {
  const written = { year: Number(year ?? today.year), month: Number(month), day: Number(day) }
  if (written.month < 1 || written.month > 12 || written.day < 1) return null
  if (year === undefined && serial(written) < serial(today)) written.year += 1
  return written.day > lastOfMonth(written.year, written.month).day ? null : written
}

const serial = ({ year, month, day }: CalendarDay): number => Date.UTC(year, month - 1, day) / 86_400_000

/** Monday 1 to Sunday 7. */
export const weekdayOf = (day: CalendarDay): number => ((((serial(day) + 3) % 7) + 7) % 7) + 1

export function plusDays(day: CalendarDay, days: number): CalendarDay {
  const moved = new Date((serial(day) + days) * 86_400_000)
  return { year: moved.getUTCFullYear(), month: moved.getUTCMonth() + 1, day: moved.getUTCDate() }
}

/** The next day with this number, today included; null for one that no month has. */
export function nextNumbered(day: number, today: CalendarDay): CalendarDay | null {
  if (day < 1 || day > 31) return null
  const first = day < today.day ? 1 : 0
  for (let months = first; ; months += 1) {
    const found = plusMonths({ ...today, day: 1 }, months)
    if (day <= lastOfMonth(found.year, found.month).day) return { ...found, day }
  }
}

/** The same day of a later month, or that month's last. */
export function plusMonths({ year, month, day }: CalendarDay, months: number): CalendarDay {
  const count = year * 12 + month - 1 + months
  const last = lastOfMonth(Math.floor(count / 12), (count % 12) + 1)
  return { ...last, day: Math.min(day, last.day) }
}

/** The last day of a month. */
export function lastOfMonth(year: number, month: number): CalendarDay {
  return { year, month, day: new Date(Date.UTC(year, month, 0)).getUTCDate() }
}
