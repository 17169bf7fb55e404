import * as chrono from 'chrono-node'
import type { LanguageGuess } from '../language.ts'
import type { Due, DueMoment } from '../provider.ts'
import { dateText, momentOf, offsetMinutesAt, type WallTime, wallTimeAt } from '../zone.ts'
import {
  isSpokenHere,
  nextNumbered,
  plusDays,
  type SpokenDate,
  spokenDates,
  spokenLanguages,
} from './spoken-date.ts'

type Parser = Pick<chrono.Chrono, 'parse'>

/** Languages whose dates are not in the tables of `spokenDates`. */
const parsers: Record<string, Parser> = {
  sv: chrono.sv.casual,
  ru: chrono.ru.casual,
  uk: chrono.uk.casual,
  ja: chrono.ja.casual,
  zh: chrono.zh.casual,
}

/** Dates are looked for in no more than this: a due date stands near the start of a capture. */
const searchLength = 500

/**
 * The first date or time in a short text that lies ahead of the reference, read in the user's time zone. Where several
 * languages see one, the one that makes sense of the most words wins.
 *
 * A day without a time of day stays a day. Past dates, months without a day, the date of something ("the letter from
 * 3 March"), and look-alikes (version numbers, "sun", "may") are no due dates.
 */
export function findDue(
  text: string,
  referenceMs: number,
  timeZone: string,
  guess: LanguageGuess,
): Due | null {
  const sample = text.slice(0, searchLength)
  let best: Due | null = null
  for (const language of languagesToTry(sample, guess)) {
    const due = isSpokenHere(language)
      ? spokenDue(sample, language, referenceMs, timeZone)
      : parsedDue(sample, language, referenceMs, timeZone)
    if (due !== null && (best === null || due.text.length > best.text.length)) best = due
  }
  return best
}

/** The likely language first, then every one with tables: their words rarely mean a day in another language. */
function languagesToTry(text: string, { language, candidates }: LanguageGuess): string[] {
  const cyrillic = /\p{Script=Cyrillic}/u.test(text) ? ['ru', 'uk'] : []
  const han = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text) ? ['ja', 'zh'] : []
  // The short names of days in Swedish are English words.
  const doubtful = language === 'sv' ? [] : ['sv']
  const likely = [...(language === null ? [] : [language]), ...candidates, ...cyrillic, ...han].filter(
    (code) => !doubtful.includes(code),
  )
  const known = likely.filter((code) => code in parsers || isSpokenHere(code) || code === 'en')
  return [...new Set([...known, ...spokenLanguages, 'en'])]
}

function spokenDue(text: string, language: string, referenceMs: number, timeZone: string): Due | null {
  const now = wallTimeAt(referenceMs, timeZone)
  for (const spoken of spokenDates(text, language, now)) {
    const { span } = spoken
    const words = text.slice(span.start, span.end)
    const moment = momentSaid(spoken, now, referenceMs, timeZone)
    if (isPast(moment, referenceMs, timeZone) || isLookAlike(text, span.start, words)) continue
    return { moment, text: words, span, confidence: spoken.day === null && spoken.time !== null ? 0.75 : 0.9 }
  }
  return null
}

/** A time alone is the next one to come. */
function momentSaid(
  { day, time, minutesAhead }: SpokenDate,
  now: WallTime,
  referenceMs: number,
  timeZone: string,
): DueMoment {
  if (minutesAhead !== null) return instant(Math.floor(referenceMs / 60_000 + minutesAhead) * 60_000)
  if (time === null) return { kind: 'date', date: dateText(day ?? now) }
  const at = momentOf({ ...now, ...day, ...time }, timeZone)
  if (day !== null || at >= referenceMs) return instant(at)
  return instant(momentOf({ ...plusDays(now, 1), ...time }, timeZone))
}

const instant = (ms: number): DueMoment => ({ kind: 'instant', at: new Date(ms).toISOString() })

function parsedDue(text: string, language: string, referenceMs: number, timeZone: string): Due | null {
  const reference = { instant: new Date(referenceMs), timezone: offsetMinutesAt(referenceMs, timeZone) }
  const parser = language === 'en' ? english(text, timeZone) : parsers[language]
  const plain = text.replaceAll(eveningOn, (part) => 'x'.repeat(part.length))
  for (const result of parser?.parse(plain, reference, { forwardDate: true }) ?? []) {
    const due = dueOf(text, result, language, referenceMs, timeZone)
    if (due !== null) return due
  }
  return null
}

/** In "parents' evening on Thursday" the parser takes the evening for today's. */
const eveningOn = /\b(?:morning|afternoon|evening|night)(?=\s+(?:on|this|next)\s)/giu

/** `12/4` is in December where America tells the time, in April elsewhere; dots are always days first. */
function english(text: string, timeZone: string): Parser {
  const monthFirst = /^(?:America|US)\/|^Pacific\/Honolulu$/u.test(timeZone)
  const daysFirst = /\d\.\d{1,2}\.\d/u.test(text) || (!monthFirst && /\d\/\d/u.test(text))
  return daysFirst ? englishDaysFirst : englishMonthsFirst
}

/** "on the 15th" is the next day of that number; before a noun it is a floor or an attempt. */
const numberedDay: chrono.Parser = {
  pattern: () =>
    /\b(?:on|by|before|until|till|due)\s+the\s+(\d{1,2})(?:st|nd|rd|th)(?=$|\s*[.,;!?)\n]|\s+(?:at|around|with|and|or|for)\b)/iu,
  extract: ({ reference }, match) => {
    const today = reference.getDateWithAdjustedTimezone()
    return nextNumbered(Number(match[1]), {
      year: today.getFullYear(),
      month: today.getMonth() + 1,
      day: today.getDate(),
    })
  },
}
const [englishMonthsFirst, englishDaysFirst] = [chrono.en.casual, chrono.en.GB].map((parser) => {
  const own = parser.clone()
  own.parsers.push(numberedDay)
  return own
}) as [chrono.Chrono, chrono.Chrono]

function dueOf(
  text: string,
  result: chrono.ParsedResult,
  language: string,
  referenceMs: number,
  timeZone: string,
): Due | null {
  const { start, index, text: words } = result
  const certain = (part: chrono.Component) => start.isCertain(part)
  const timed = certain('hour')
  if (!timed && !certain('day') && !certain('weekday')) return null
  if (namesNoDay.test(words) || isLookAlike(text, index, words)) return null
  const wall: WallTime = {
    year: start.get('year') ?? 0,
    month: start.get('month') ?? 0,
    day: start.get('day') ?? 0,
    hour: start.get('hour') ?? 0,
    minute: start.get('minute') ?? 0,
  }
  if (certain('weekday') && !certain('day') && isToday(wall, referenceMs, timeZone)) {
    Object.assign(wall, plusDays(wall, 7))
  }
  const moment = timed ? timedMoment(start, wall, words, timeZone) : datedMoment(wall)
  if (isPast(moment, referenceMs, timeZone)) return null
  return {
    moment,
    text: words,
    span: { start: index, end: index + words.length },
    confidence: confidenceOf(words, language, certain),
  }
}

/** A part of any day, or a week or month without a day. */
const namesNoDay =
  /^(?:(?:in the )?(?:morning|afternoon|evening|night|noon|midnight)|(?:sometime )?(?:next|this|the (?:coming|following)) (?:week|month|year|quarter|summer|winter|spring|autumn)|.*\bseconds?)$/iu

const isToday = (wall: WallTime, referenceMs: number, timeZone: string): boolean =>
  dateText(wall) === dateText(wallTimeAt(referenceMs, timeZone))

function datedMoment(wall: WallTime): DueMoment {
  return { kind: 'date', date: dateText(wall) }
}

function timedMoment(
  start: chrono.ParsedComponents,
  wall: WallTime,
  words: string,
  timeZone: string,
): DueMoment {
  const offset = start.isCertain('timezoneOffset') ? start.get('timezoneOffset') : null
  const hour = isLikelyAfternoon(start, wall, words) ? wall.hour + 12 : wall.hour
  const at =
    offset === null
      ? momentOf({ ...wall, hour }, timeZone)
      : Date.UTC(wall.year, wall.month - 1, wall.day, hour, wall.minute) - offset * 60_000
  return { kind: 'instant', at: new Date(at).toISOString() }
}

/** "at 5" is said of the afternoon; "at 05:00" and "at 17" are not ambiguous. */
function isLikelyAfternoon(start: chrono.ParsedComponents, wall: WallTime, words: string): boolean {
  return (
    !start.isCertain('meridiem') && wall.hour >= 1 && wall.hour <= 6 && !/\d:\d|\b0\d|\bh\b|uhr/iu.test(words)
  )
}

function isPast(moment: DueMoment, referenceMs: number, timeZone: string): boolean {
  if (moment.kind === 'instant') return Date.parse(moment.at) < referenceMs
  return moment.date < dateText(wallTimeAt(referenceMs, timeZone))
}

const shortNames =
  /^(?:sun|sat|mon|wed|fri|mar|may|jan|dec|march|second|do|so|di|mi|sa|fr|mo|sab|dom|lun|mer|ven)$/iu
const leadsIntoDate = /(?:\b(?:on|by|next|this|due|till|until|before|every|am|bis|le|el)|[,:(])\s*$/iu

/** "The letter from …" says when something was, unless "before" or the like comes first. */
const datesSomething =
  /(?<!\b(?:antes|prima|partir|instead|ahead|avant|top)\s+)(?<!\p{L})(?:from|of|dated|since|vom|von|du|de|del|di|della|da|od|van)(?:\s+the)?\s+$/iu

function isLookAlike(text: string, index: number, words: string): boolean {
  const before = text.slice(0, index)
  if (datesSomething.test(before)) return true
  const after = text.slice(index + words.length)
  if (/(?:\bv|\bversion\s+|\brelease\s+|[#/.\-_\p{L}\p{N}]|\d[.,:])$/iu.test(before) && !/\s$/u.test(before))
    return true
  if (/(?:\bversion|\brelease|\bchapter|\bsection|\broom|\bpage|\bbug|\bissue)\s+$/iu.test(before))
    return true
  if (
    /^[/_-]?\p{L}/u.test(after) &&
    /[\p{L}\p{N}]$/u.test(words) &&
    !/[\p{Script=Han}\p{Script=Hiragana}]/u.test(words + after)
  ) {
    return true
  }
  if (/^\s*(?:%|€|\$|£|usd|eur|kg|km|ml|g\b)/iu.test(after)) return true
  if (!shortNames.test(words)) return false
  const closes = /^\s*[.!)]?\s*$/u.test(after) && /^\p{Lu}/u.test(words)
  return !closes && !leadsIntoDate.test(before)
}

function confidenceOf(words: string, language: string, certain: (part: chrono.Component) => boolean): number {
  const ambiguousOrder = language === 'en' && /^(?:0?[1-9]|1[0-2])\/(?:0?[1-9]|1[0-2])(?:\/|$)/.test(words)
  if (ambiguousOrder) return 0.5
  if (certain('hour') && !certain('day') && !certain('weekday')) return 0.75
  return 0.9
}
