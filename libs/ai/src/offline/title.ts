import { plainLine } from '../plain-line.ts'
import type { AnalyseInput, Due } from '../provider.ts'
import type { IntentFinding } from './intent.ts'
import { withoutDue } from './intent.ts'

const longestTitle = 80
const longestSummary = 300
/** Titles and summaries come from the beginning; more is not read, whatever its shape. */
const readLength = 5_000

/** The document's own title, the order without its date ("Buy milk"), or the first sentence. Null for an empty text. */
export function titleOf(
  input: AnalyseInput,
  { intent, body }: IntentFinding,
  due: Due | null,
): string | null {
  const own = input.heading === null ? '' : bare(input.heading)
  if (own !== '') return shorten(own, longestTitle)
  const actionable = intent.kind === 'task' || intent.kind === 'event'
  const shifted = due === null ? null : { ...due, span: shift(due, -body) }
  const rest = input.text.slice(body, readLength)
  const useful = actionable && shifted !== null && shifted.span.start >= 0 ? withoutDue(rest, shifted) : rest
  const sentence = firstSentence(clean(useful) === '' ? input.text : useful)
  const line = withoutTail(bare(sentence))
  if (line !== '') return capitalise(shorten(line, longestTitle))
  return hostOf(input.text)
}

/** The first sentences of a long text, up to 300 characters; null for a text that is its own summary. */
export function summaryOf(text: string): string | null {
  const paragraphs = text
    .slice(0, readLength)
    .split(/\n{2,}/u)
    .map(bare)
  const prose = paragraphs.filter((paragraph) => paragraph.length >= 60 && /[.!?。]/u.test(paragraph))
  if (text.length < 2 * longestSummary || prose[0] === undefined) return null
  const sentences = prose[0].match(/.+?[.!?。](?=\s|$)/gu) ?? [prose[0]]
  let summary = ''
  for (const sentence of sentences) {
    const longer = `${summary} ${sentence.trim()}`.trim()
    if (longer.length > longestSummary) break
    summary = longer
  }
  return summary === '' ? shorten(prose[0], longestSummary) : summary
}

const bare = (text: string): string => plainLine(clean(text), readLength) ?? ''

/** Without the hashtags and cries that a capture ends with; what is nothing else stays. */
function withoutTail(line: string): string {
  const rest = line.replace(/(?:\s+#\p{L}[\p{L}\p{N}_-]*)+$/u, '').replace(/[\s!！]+$/u, '')
  return /[\p{L}\p{N}]/u.test(rest) ? rest : line
}

/** What an address alone is called: where it leads, as a name and not as a link. */
function hostOf(text: string): string | null {
  return /https?:\/\/(?:www\.)?([\p{L}\p{N}.-]{1,80})/u.exec(text.slice(0, readLength))?.[1] ?? null
}

function firstSentence(text: string): string {
  const line =
    text
      .split('\n')
      .map(clean)
      .find((part) => part !== '') ?? ''
  // Not after a day's number ("5. Dezember") or a title ("M. Roche").
  const end =
    /(?<!\d(?=\.\s)|(?<!\p{L})(?:\p{Lu}|Mr|Mrs|Ms|Dr|Hr|Fr|St|Nr|Sr|Sra|Mme|Prof)(?=\.\s))[.!?。](?=\s+\p{Lu}|\s*$)/u.exec(
      line,
    )
  const sentence = end === null ? line : line.slice(0, end.index + (end[0] === '?' ? 1 : 0))
  return sentence === '' ? line : sentence
}

function clean(text: string): string {
  return text.replaceAll(/[\s\p{C}]+/gu, ' ').trim()
}

/** Cut at a word's end, never inside a surrogate pair, with an ellipsis. */
function shorten(text: string, longest: number): string {
  const letters = Array.from(text)
  if (letters.length <= longest) return text
  const cut = letters.slice(0, longest - 1).join('')
  const atWord = cut.replace(/\s+\S*$/u, '')
  return `${(atWord.length > longest / 2 ? atWord : cut).replace(/[\s,;:–-]+$/u, '')}…`
}

function capitalise(text: string): string {
  const [first = '', ...rest] = Array.from(text)
  return `${first.toUpperCase()}${rest.join('')}`
}

function shift(due: Due, by: number): Due['span'] {
  return { start: due.span.start + by, end: due.span.end + by }
}
