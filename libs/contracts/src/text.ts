import { z } from 'zod'

/** Bounds of free text, in UTF-16 code units, the same in events and in HTTP bodies. */
export const limits = {
  title: 500,
  tagName: 100,
  tagsPerEntity: 50,
  preview: 200,
  summary: 1_000,
  language: 35,
  /** Of one person. */
  personName: 80,
  people: 10,
  timeZone: 64,
  color: 32,
  objectKey: 1_024,
  /** Holds the value that a list is sorted by: a title at its longest, six bytes to each code unit in JSON, as base64. */
  cursor: 8_192,
  contentType: 255,
  fileName: 255,
  /** Of the JSON text, in UTF-8 bytes. */
  metadataJson: 16_384,
  metadataDepth: 8,
  /** `content` of a JSON body, in code units and in UTF-8 bytes. */
  content: 1_048_576,
  label: 100,
} as const

/** True for text that every store can hold: no NUL (Postgres refuses it), no lone surrogate (UTF-8 cannot say it). */
export function isCleanText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

/** Words with single spaces between them: names are told one after the other, with a comma, and compared as they stand. */
const nameOnOneLine = /^[^\s,\p{Cc}]+(?: [^\s,\p{Cc}]+)*$/u

/** Clean text of `min` to `max` UTF-16 code units. */
export function cleanText(max: number, min = 0) {
  return z
    .string()
    .min(min)
    .max(max)
    .refine(isCleanText, 'must hold neither NUL characters nor lone surrogates')
}

/** The name of a person as it stands in a text: one line, without commas. */
export const personName = cleanText(limits.personName, 1).refine(
  (name) => nameOnOneLine.test(name),
  'must be one line without commas, with single spaces between its words',
)

/** A time zone of the IANA database that this machine knows; an offset such as +02:00 is none. */
export const timeZoneName = cleanText(limits.timeZone, 1).refine(
  isTimeZone,
  'must be an IANA time zone, such as Europe/Berlin',
)

function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** A calendar day of the proleptic Gregorian calendar, `YYYY-MM-DD`. */
export const dateOnly = z.iso.date()

/** An instant with its offset, seconds given, at most milliseconds: `2026-11-22T17:00:00Z`. */
export const instant = z.iso.datetime({ offset: true })

/** A due date is a day in the user's time zone, or an instant. */
export const dueDate = z.union([dateOnly, instant])
