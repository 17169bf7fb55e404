import { Parser } from 'htmlparser2'
import type { Block } from './extraction.ts'
import { createTextBuilder, type TextBuilder } from './text-builder.ts'

/** What no reader of the page sees. */
const unseen = new Set(
  'script style noscript template svg math iframe object canvas audio video select head'.split(' '),
)
/** Elements that stand on lines of their own, and what their text is. Others are in a line. */
const kinds = new Map<string, Block['kind']>([
  ...'p div section article main header footer aside nav address figure figcaption dl dt dd form fieldset details summary body html hr ul ol table tbody thead caption'
    .split(' ')
    .map((name) => [name, 'paragraph'] as const),
  ...'h1 h2 h3 h4 h5 h6'.split(' ').map((name) => [name, 'heading'] as const),
  ['li', 'item'],
  ['pre', 'code'],
  ['blockquote', 'quote'],
  ['tr', 'table'],
])

export interface HtmlParts extends ReturnType<TextBuilder['parts']> {
  title: string | null
}

/**
 * Plain text of an HTML page: what a reader sees, block by block. Nothing is fetched and nothing runs; elements hidden
 * by their own attributes are left out, as their words are meant for programs. The tags are read one by one, so nesting
 * costs no stack.
 */
export function readHtml(source: string): HtmlParts {
  const reader = createReader()
  const parser = new Parser(reader, { decodeEntities: true })
  parser.write(source)
  parser.end()
  return reader.parts()
}

interface Open {
  name: string
  kind: Block['kind'] | undefined
  /** The text of the block around it, which goes on when this one ends. */
  around: { kind: Block['kind']; level: number }
  hides: boolean
}

function createReader() {
  const builder = createTextBuilder()
  const open: Open[] = []
  let hidden = 0
  let title: string | null = null
  let inTitle = false
  let pending = ''
  let current: Open['around'] = { kind: 'paragraph', level: 0 }

  const flush = () => {
    const text = current.kind === 'code' ? pending : collapse(pending)
    if (text !== '') builder.add(text, current.kind, current.level)
    pending = ''
  }

  return {
    onopentag(name: string, attributes: Record<string, string>) {
      const kind = kinds.get(name)
      const hides = unseen.has(name) || isHidden(attributes)
      open.push({ name, kind, around: current, hides })
      if (hides) hidden += 1
      inTitle = name === 'title' && open.at(-2)?.name === 'head' && title === null
      if (hidden > 0) return
      if (kind !== undefined) {
        flush()
        const inList = current.kind === 'item' || current.kind === 'quote'
        current = { kind: inList && kind === 'paragraph' ? current.kind : kind, level: levelOf(name) }
      }
      if (name === 'br') pending += '\n'
      if ((name === 'td' || name === 'th') && pending.trim() !== '') pending += ' | '
      if (name === 'a') builder.link('url', attributes['href'])
      if (name === 'img') {
        builder.link('image', attributes['src'])
        pending += attributes['alt'] ?? ''
      }
    },
    ontext(text: string) {
      if (inTitle) title = (title ?? '') + text
      else if (hidden === 0) pending += current.kind === 'code' ? text : text.replaceAll(/\s+/gu, ' ')
    },
    onclosetag() {
      const closed = open.pop()
      inTitle = false
      if (closed === undefined) return
      if (closed.hides) hidden -= 1
      else if (hidden === 0 && closed.kind !== undefined) {
        flush()
        current = closed.around
      }
    },
    parts(): HtmlParts {
      flush()
      return {
        ...builder.parts(),
        title:
          collapse(title ?? '')
            .replaceAll('\n', ' ')
            .slice(0, 500) || null,
      }
    },
  }
}

const levelOf = (name: string): number => (/^h[1-6]$/u.test(name) ? Number(name[1]) : 0)

function isHidden({ hidden, style, 'aria-hidden': aria }: Record<string, string>): boolean {
  return (
    hidden !== undefined ||
    aria === 'true' ||
    /(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]))/iu.test(style ?? '')
  )
}

/** Runs of blanks are one, as on the page; a `<br>` stays a line's end. */
function collapse(text: string): string {
  return text
    .split('\n')
    .map((line) =>
      line
        .split(/[^\S\n]+/u)
        .join(' ')
        .trim(),
    )
    .join('\n')
    .trim()
}
