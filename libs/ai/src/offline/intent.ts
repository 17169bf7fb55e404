import type { AnalyseInput, Due, Intent } from '../provider.ts'
import { fold } from '../words.ts'
import {
  closingVerbs,
  determiners,
  doubtfulVerbs,
  eventWords,
  ideaMarkers,
  narrative,
  nounFollowers,
  openingVerbs,
  statement,
  taskMarkers,
} from './lexicon.ts'

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
export function findIntent(input: AnalyseInput, due: Due | null): IntentFinding {
  const text = input.text.trimEnd()
  if (input.structured || text.length > longestCapture || sentenceCount(text) > 3) return note(0.95)
  const marker = marked(text)
  if (marker !== undefined) return marker
  if (narrative.some((sign) => sign.test(text))) return note(0.85)
  const order = findOrder(text, due)
  const happening = due === null ? null : eventWords.exec(text)
  if (happening !== null && order === undefined) {
    return found('event', due?.moment.kind === 'instant' ? 0.9 : 0.8, happening.index, happening[0].length)
  }
  return order ?? note(0.8)
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

/** An imperative at the start, or an infinitive at the end (German, Dutch), of a single short sentence. */
function findOrder(text: string, due: Due | null): IntentFinding | undefined {
  const lead = leadLength(text, due)
  const sentence = text.slice(lead)
  const [opening = ''] = /^[\p{L}\p{M}]+/u.exec(sentence) ?? []
  const follower = fold(/^[\p{L}\p{M}]+\s+([\p{L}\p{M}'’-]+)/u.exec(sentence)?.[1] ?? '')
  const confidence = due === null ? 0.75 : 0.9
  if (openingVerbs.has(fold(opening))) {
    const rest = sentence.slice(opening.length)
    const isOrder =
      (!doubtfulVerbs.has(fold(opening)) || determiners.has(follower)) &&
      /^\s+[\p{L}\p{N}'’"“«@#$€£]/u.test(rest) &&
      !nounFollowers.has(follower) &&
      !statement.test(sentence) &&
      !/^\s*[-–:]/u.test(rest)
    return isOrder ? found('task', confidence, lead, opening.length) : undefined
  }
  const trimmed = withoutDue(text, due).replace(/[.!\s]+$/u, '')
  const closing = /([\p{L}\p{M}]+)$/u.exec(trimmed)?.[1] ?? ''
  const words = trimmed.split(/\s+/u).length
  if (words >= 2 && words <= 12 && !/[.!?]\s/u.test(trimmed) && closingVerbs.has(fold(closing))) {
    return found('task', confidence, Math.max(0, text.lastIndexOf(closing)), closing.length)
  }
  return undefined
}

/** Length of what may stand before an order: "please", or the date ("Tomorrow: buy milk"). */
function leadLength(text: string, due: Due | null): number {
  let start = /^\s*(?:(?:please|bitte|por favor|s['’]il te plaît)[,:]?\s+)?/iu.exec(text)?.[0].length ?? 0
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
      /(?:\s|^)(?:on|by|at|due|until|till|before|for|am|um|bis|le|pour|el|para|il|entro|op|voor|до|к|в|на)\s*:?$/iu,
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
