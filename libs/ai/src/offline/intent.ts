import type { LanguageGuess } from '../language.ts'
import type { AnalyseInput, Due, Intent } from '../provider.ts'
import { fold } from '../words.ts'
import {
  closingVerbs,
  croatianInfinitive,
  determiners,
  doubtfulVerbs,
  infinitiveEnd,
  nounFollowers,
  openingVerbs,
  participleEnd,
  romanceFollowers,
  romanceStatement,
  statement,
} from './lexicon.ts'
import { eventStatement, eventWords, ideaMarkers, narrative, notTheEvent, taskMarkers } from './markers.ts'

/** An intent, and where the wording proper begins (after "todo:" and the like). */
export interface IntentFinding {
  intent: Intent
  /** UTF-16 offset at which the text without its marker starts. */
  body: number
}

const longestCapture = 400
const note = (confidence: number): IntentFinding => ({
  intent: { kind: 'note', confidence, span: null },
  body: 0,
})

/**
 * What a text is meant to be, by rules on its wording: an explicit marker first, then signs of telling (which make it a
 * note), then events (a word for one, and a date), then orders to oneself. Long or structured texts are notes.
 */
export function findIntent(input: AnalyseInput, due: Due | null, guess: LanguageGuess): IntentFinding {
  const text = input.text.trimEnd()
  if (input.structured || text.length > longestCapture || sentenceCount(text) > 3) return note(0.95)
  const marker = marked(text)
  if (marker !== undefined) return marker
  if (narrative.some((sign) => sign.test(text))) return note(0.85)
  const order = findOrder(text, due, guess)
  const event = findEvent(text, due)
  // "Zahnarzt anrufen": what is to be done stands last.
  const asksLast = (order?.intent.span?.start ?? 0) > (event?.intent.span?.start ?? 0)
  return (asksLast ? order : (event ?? order)) ?? note(0.8)
}

/** A word for a happening near the beginning, in a text that says when and tells nothing about it. */
function findEvent(text: string, due: Due | null): IntentFinding | undefined {
  if (due === null || eventStatement.test(withoutDue(text, due))) return undefined
  const happening = eventWords.exec(text)
  if (happening === null) return undefined
  const [word] = happening
  const lead = leadLength(text, due)
  const opening = fold(/^[\p{L}\p{M}]+/u.exec(text.slice(lead))?.[0] ?? '')
  // "Call with Jonas" is a happening, "Cancel the meeting" an order.
  const isOrder = happening.index > lead && openingVerbs.has(opening) && !doubtfulVerbs.has(opening)
  if (isOrder || notTheEvent.test(text.slice(lead, happening.index))) return undefined
  return found('event', due.moment.kind === 'instant' ? 0.9 : 0.8, happening.index, word.length)
}

function marked(text: string): IntentFinding | undefined {
  for (const [kind, markers] of [
    ['task', taskMarkers],
    ['idea', ideaMarkers],
  ] as const) {
    for (const marker of markers) {
      const match = marker.exec(text)
      if (match === null || (/\?\s*$/u.test(text) && kind === 'task')) continue
      const body = kind === 'task' || match[0].trimEnd().endsWith(':') ? match[0].length : 0
      return { intent: { kind, confidence: 0.95, span: { start: 0, end: match[0].length } }, body }
    }
  }
  return undefined
}

/** An imperative or infinitive at the start, or an infinitive at the end (German, Dutch), of a short sentence. */
function findOrder(text: string, due: Due | null, guess: LanguageGuess): IntentFinding | undefined {
  const lead = leadLength(text, due)
  const sentence = text.slice(lead)
  const [opening = ''] = /^[\p{L}\p{M}]+(?:-\p{L}+)?/u.exec(sentence) ?? []
  const confidence = due === null ? 0.75 : 0.9
  if (openingVerbs.has(fold(opening)))
    return isOrder(sentence, opening) ? found('task', confidence, lead, opening.length) : undefined
  if (isInfinitive(sentence, opening, due, guess))
    return found('task', confidence - 0.05, lead, opening.length)
  const trimmed = withoutDue(text, due).replace(/[.!\s]+$/u, '')
  const closing = /([\p{L}\p{M}]+)$/u.exec(trimmed)?.[1] ?? ''
  const words = trimmed.split(/\s+/u).length
  if (words < 2 || words > 12 || /[.!?]\s(?=\p{Lu})/u.test(trimmed.replaceAll(/\d\.\s/gu, '')))
    return undefined
  if (closingVerbs.has(fold(closing)) || isGermanicInfinitive(trimmed, closing, guess))
    return found('task', confidence, Math.max(0, text.lastIndexOf(closing)), closing.length)
  return undefined
}

function isOrder(sentence: string, opening: string): boolean {
  const rest = sentence.slice(opening.length)
  const [, written = ''] = /^\s+([\p{L}\p{M}'’-]+)/u.exec(rest) ?? []
  const follower = fold(written)
  const name = /^\p{Lu}\p{Ll}/u.test(written)
  return (
    (!doubtfulVerbs.has(fold(opening)) || determiners.has(follower) || name) &&
    /^\s+[\p{L}\p{N}'’"“«@#$€£]/u.test(rest) &&
    !nounFollowers.has(follower) &&
    !statement.test(sentence) &&
    !romanceStatement.test(rest) &&
    !/^\s*[-–:]/u.test(rest)
  )
}

/** "Sortir les poubelles": a word with the end of an infinitive, and what an object begins with or a date. */
function isInfinitive(sentence: string, opening: string, due: Due | null, guess: LanguageGuess): boolean {
  const rest = sentence.slice(opening.length)
  const follower = fold(/^\s+([\p{L}\p{M}]+)/u.exec(rest)?.[1] ?? '')
  if (follower === '' || romanceStatement.test(rest) || /[.!?]\s/u.test(rest.trimEnd())) return false
  if (croatianInfinitive.test(opening.toLowerCase())) return true
  if (!infinitiveEnd.test(fold(opening)) || guess.language === 'en') return false
  const likely = guess.language ?? guess.candidates[0] ?? ''
  return romanceFollowers.has(follower) || (due !== null && ['fr', 'es', 'pt', 'it'].includes(likely))
}

/** "Müll rausbringen": the last word ends like an infinitive, and nothing before it is a finite verb. */
function isGermanicInfinitive(
  text: string,
  closing: string,
  { language, candidates }: LanguageGuess,
): boolean {
  const likely = [language ?? candidates[0], ...candidates.slice(0, 2)]
  return (
    (likely.includes('de') || likely.includes('nl')) &&
    /^\p{Ll}{3,}(?:en|eln|ern)$/u.test(closing) &&
    !participleEnd.test(fold(closing)) &&
    !germanicFinite.test(text)
  )
}

const germanicFinite =
  /(?<!\p{L})(?:ist|sind|war|waren|hat|haben|habe|wird|werden|wurde|wurden|kann|können|will|wollen|soll|sollen|muss|müssen|möchte|möchten|darf|is|zijn|was|heeft|hebben|wordt|werd|kan|kunnen|wil|willen|moet|mag|the|of|and|to|with|my|a)(?!\p{L})/iu

/** Length of what may stand before an order: "please", or the date ("Tomorrow: buy milk"). */
function leadLength(text: string, due: Due | null): number {
  let start =
    /^\s*(?:(?:please|bitte|por favor|per favore|molim te|alsjeblieft|s['’]il (?:te|vous) plaît)[,:]?\s+)?/iu.exec(
      text,
    )?.[0].length ?? 0
  if (due !== null && due.span.start <= start + 3 && due.span.end > start) {
    start = due.span.end + (/^\s*[,:–-]?\s*/u.exec(text.slice(due.span.end))?.[0].length ?? 0)
  }
  return start
}

/** The text with its due date, and the preposition before it, taken out. */
export function withoutDue(text: string, due: Due | null): string {
  if (due === null) return text
  const before = text
    .slice(0, due.span.start)
    .replace(/[\s,;(–-]+$/u, '')
    .replace(
      /(?:\s|^)(?:due\s+on|due\s+by|on|by|at|due|until|till|before|for|this|am|um|bis(?:\s+zum)?|vor(?:\s+dem)?|ab|le|pour(?:\s+le)?|avant(?:\s+le)?|à|el|antes\s+de(?:l)?|para(?:\s+el|\s+o)?|en|il|entro(?:\s+il)?|per|na|no|em|até|(?:no\s+)?dia|do|u|za|om|op|voor|до|к|в|на)\s*:?$/iu,
      '',
    )
  const after = text.slice(due.span.end).replace(/^[\s,;:)–-]+/u, '')
  if (before.trim() === '') return after
  const joint = after === '' || /^[.!?]/u.test(after) ? '' : ' '
  return `${before}${joint}${after}`
}

function sentenceCount(text: string): number {
  return text.split(/[.!?。]\s+|\n+/u).filter((part) => part.trim() !== '').length
}

function found(kind: Intent['kind'], confidence: number, start: number, length: number): IntentFinding {
  return { intent: { kind, confidence, span: { start, end: start + length } }, body: 0 }
}
