/** A link in double brackets, as it stands in a text. */
export interface WikiLink {
  /** UTF-16 offsets of all of it, `end` exclusive; the `!` of an embed belongs to it. */
  start: number
  end: number
  /** `![[…]]`: shown in place rather than linked. */
  isEmbed: boolean
  /** The page that is meant, white space tidied; empty for a place in the same document (`[[#heading]]`). */
  page: string
  /** Behind the first `#`; null without one. */
  heading: string | null
  /** Behind the first `|`; null without one. */
  label: string | null
}

/** Of what stands between the brackets, in UTF-16 code units; more is text. */
const longestInner = 500
const longestPage = 200

/**
 * Finds `[[Page]]`, `[[Page|label]]`, `[[Page#heading]]` and `![[Page]]` in a text, in order. No name reaches over a line
 * end or holds a bracket. Never throws; its time is linear in the text, whatever stands in it: each place is looked at
 * twice at most.
 */
export function readWikiLinks(text: string): WikiLink[] {
  const links: WikiLink[] = []
  let at = text.indexOf('[[')
  while (at >= 0) {
    const stop = findStop(text, at + 2)
    const isClosed = text.startsWith(']]', stop)
    const link = isClosed ? toLink(text, at, stop) : undefined
    if (link !== undefined) links.push(link)
    // A bracket that stopped the name may open the next link together with the one before it.
    at = text.indexOf('[[', isClosed ? stop + 2 : Math.max(at + 1, stop - 1))
  }
  return links
}

/** What a reader sees of a link: its label, else what it names. */
export function shownOf({ page, heading, label }: WikiLink): string {
  return label ?? [page, heading].filter((part) => part !== null && part !== '').join(' > ')
}

/** The first place where what began cannot go on: a bracket, a line end, or too far. */
function findStop(text: string, from: number): number {
  const last = Math.min(text.length, from + longestInner + 1)
  for (let at = from; at < last; at += 1) {
    const letter = text[at]
    if (letter === '[' || letter === ']' || letter === '\n') return at
  }
  return last
}

function toLink(text: string, open: number, close: number): WikiLink | undefined {
  const inner = text.slice(open + 2, close)
  const [name, label] = cut(inner, '|')
  // In a table the bar is escaped.
  const [pageText, headingText] = cut(label !== null && name.endsWith('\\') ? name.slice(0, -1) : name, '#')
  const page = tidy(pageText)
  const heading = orNull(headingText)
  if ((page === '' && heading === null) || page.length > longestPage) return undefined
  const isEmbed = text[open - 1] === '!'
  return {
    start: isEmbed ? open - 1 : open,
    end: close + 2,
    isEmbed,
    page,
    heading,
    label: orNull(label),
  }
}

function cut(text: string, mark: string): [before: string, after: string | null] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)]
}

const tidy = (text: string): string => text.replaceAll(/\s+/gu, ' ').trim()

const orNull = (text: string | null): string | null => (text === null ? null : tidy(text) || null)
