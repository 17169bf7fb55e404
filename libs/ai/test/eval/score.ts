import type { Analysis, IntentKind, ModelProvider } from '../../src/index.ts'
import type { LabelledCapture } from './labelled.ts'

/** `labelled` of the set are so, `found` were said to be so, `right` both. */
export interface Count {
  labelled: number
  found: number
  right: number
}

/** Something judged only where it is labelled. */
export interface Share {
  judged: number
  right: number
}

export interface LanguageScore {
  /** Captures whose intent is right. */
  intent: Share
  dates: Count
}

export interface Miss {
  text: string
  language: string
  expected: string
  got: string
}

export interface Score {
  captures: number
  intents: Record<IntentKind, Count>
  /** `right`: the day or moment is the labelled one. A date on a capture without one is found and not right. */
  dates: Count
  /** Of the right dates: the span holds the labelled words and at most a preposition more. */
  spans: Share
  titles: Share
  languages: Record<string, LanguageScore>
  misses: Miss[]
}

const kinds = ['task', 'event', 'idea', 'note'] as const
const widestExtra = 10

/** Has the provider analyse every capture, as one that was just typed, and compares. */
export async function scoreOf(
  provider: ModelProvider,
  captures: readonly LabelledCapture[],
  signal: AbortSignal,
): Promise<Score> {
  const score = emptyScore()
  for (const capture of captures) add(score, capture, await analyse(provider, capture, signal))
  return score
}

export function analyse(
  provider: ModelProvider,
  { text, at, zone }: LabelledCapture,
  signal: AbortSignal,
): Promise<Analysis> {
  const plain = { heading: null, structured: false, type: 'note', vocabulary: [] }
  return provider.analyse({ ...plain, text, referenceMs: Date.parse(at), timeZone: zone }, signal)
}

const none = (): Count => ({ labelled: 0, found: 0, right: 0 })

function emptyScore(): Score {
  return {
    captures: 0,
    intents: { task: none(), event: none(), idea: none(), note: none() },
    dates: none(),
    spans: { judged: 0, right: 0 },
    titles: { judged: 0, right: 0 },
    languages: {},
    misses: [],
  }
}

function add(score: Score, capture: LabelledCapture, { intent, due, title }: Analysis): void {
  const { text, language } = capture
  const moment = due === null ? null : due.moment.kind === 'date' ? due.moment.date : due.moment.at
  const dateRight = moment === capture.due
  score.captures += 1
  for (const kind of kinds) count(score.intents[kind], capture.intent === kind, intent.kind === kind)
  score.languages[language] ??= { intent: { judged: 0, right: 0 }, dates: none() }
  judge(score.languages[language].intent, intent.kind === capture.intent)
  for (const dates of [score.dates, score.languages[language].dates])
    count(dates, capture.due !== null, moment !== null, dateRight)
  const miss = (expected: string | null, got: string | null) =>
    score.misses.push({ text, language, expected: expected ?? 'none', got: got ?? 'none' })
  if (intent.kind !== capture.intent) miss(capture.intent, intent.kind)
  if (!dateRight) miss(`due ${capture.due}`, `due ${moment}`)
  if (capture.span !== null && due !== null && dateRight) {
    const extra = due.span.end - due.span.start - (capture.span.end - capture.span.start)
    const holds = due.span.start <= capture.span.start && due.span.end >= capture.span.end
    judge(score.spans, holds && extra <= widestExtra)
    if (!holds || extra > widestExtra) miss(`words ${capture.quote}`, `words ${due.text}`)
  }
  if (capture.title !== undefined) {
    judge(score.titles, title === capture.title)
    if (title !== capture.title) miss(`title ${capture.title}`, `title ${title}`)
  }
}

function count(to: Count, labelled: boolean, found: boolean, agree = true): void {
  to.labelled += Number(labelled)
  to.found += Number(found)
  to.right += Number(labelled && found && agree)
}

function judge(to: Share, right: boolean): void {
  to.judged += 1
  to.right += Number(right)
}

/** Right of those found; 1 when nothing was found. */
export const precision = ({ found, right }: Count): number => (found === 0 ? 1 : right / found)

/** Right of those labelled; 1 when nothing is labelled. */
export const recall = ({ labelled, right }: Count): number => (labelled === 0 ? 1 : right / labelled)
