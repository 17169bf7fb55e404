import * as chrono from 'chrono-node'
import type { LanguageGuess } from '../language.ts'
import type { Due, DueMoment } from '../provider.ts'
import { dateText, momentOf, offsetMinutesAt, type WallTime, wallTimeAt } from '../zone.ts'

type Parser = Pick<chrono.Chrono, 'parse'>

const parsers: Record<string, Parser> = {
  en: chrono.en.casual,
  de: chrono.de.casual,
  fr: chrono.fr.casual,
  es: chrono.es.casual,
  it: chrono.it.casual,
  pt: chrono.pt.casual,
  nl: chrono.nl.casual,
  sv: chrono.sv.casual,
  ru: chrono.ru.casual,
  uk: chrono.uk.casual,
  ja: chrono.ja.casual,
  zh: chrono.zh.casual,
}

/** Dates are looked for in no more than this: a due date stands near the start of a capture. */
const searchLength = 500

/**
 * The first date or time in a short text that lies ahead of the reference, read in the user's time zone.
 *
 * A day without a time of day stays a day. Past dates, months without a day, and look-alikes (version numbers, "sun",
 * "may") are no due dates.
 */
export function findDue(
  text: string,
  referenceMs: number,
  timeZone: string,
  guess: LanguageGuess,
): Due | null {
  const sample = text.slice(0, searchLength)
  const reference = { instant: new Date(referenceMs), timezone: offsetMinutesAt(referenceMs, timeZone) }
  for (const language of languagesToTry(sample, guess)) {
    const parser = language === 'en' && /\d\.\d{1,2}\.\d/.test(sample) ? chrono.en.GB : parsers[language]
    for (const result of parser?.parse(sample, reference, { forwardDate: true }) ?? []) {
      const due = dueOf(sample, result, language, referenceMs, timeZone)
      if (due !== null) return due
    }
  }
  return null
}

function languagesToTry(text: string, { language, candidates }: LanguageGuess): string[] {
  const cyrillic = /\p{Script=Cyrillic}/u.test(text) ? ['ru', 'uk'] : []
  const han = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text) ? ['ja', 'zh'] : []
  const order = [...(language === null ? [] : [language]), ...candidates, ...cyrillic, ...han, 'en']
  return [...new Set(order)].filter((code) => code in parsers)
}

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
  if (isLookAlike(text, index, words)) return null
  const wall: WallTime = {
    year: start.get('year') ?? 0,
    month: start.get('month') ?? 0,
    day: start.get('day') ?? 0,
    hour: start.get('hour') ?? 0,
    minute: start.get('minute') ?? 0,
  }
  const moment = timed ? timedMoment(start, wall, words, timeZone) : datedMoment(wall)
  if (moment === null || isPast(moment, referenceMs, timeZone)) return null
  return {
    moment,
    text: words,
    span: { start: index, end: index + words.length },
    confidence: confidenceOf(words, language, certain),
  }
}

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

function isLookAlike(text: string, index: number, words: string): boolean {
  const before = text.slice(0, index)
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
