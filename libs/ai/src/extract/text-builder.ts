import type { Block, DocumentLink } from './extraction.ts'
import { addLink, addWikiLink } from './links.ts'
import { trimLines } from './plain.ts'
import type { WikiLink } from './wiki-links.ts'

/** A text that grows block by block, and the links met on the way. */
export interface TextBuilder {
  /** Adds a block; one without anything but white space is left out. `level` is that of a heading. */
  add: (content: string, kind: Block['kind'], level?: number) => void
  /** Each address once, the first 1,000; addresses that hold their content (`data:`) are left out. */
  link(kind: 'url' | 'image', target: string | undefined): void
  wikiLink(link: WikiLink): void
  /** UTF-16 units so far. */
  length(): number
  parts(): { text: string; blocks: Block[]; links: DocumentLink[] }
}

/** Items of a list stand on lines of their own, other blocks with a blank line between. */
export function createTextBuilder(): TextBuilder {
  const pieces: string[] = []
  const blocks: Block[] = []
  const links: DocumentLink[] = []
  let length = 0
  const push = (piece: string) => {
    pieces.push(piece)
    length += piece.length
  }
  return {
    add(content, kind, level = 0) {
      const trimmed = withoutBlankEnds(trimLines(content))
      if (trimmed === '') return
      if (length > 0) push(kind === 'item' && blocks.at(-1)?.kind === 'item' ? '\n' : '\n\n')
      blocks.push({ kind, start: length, end: length + trimmed.length, level })
      push(trimmed)
    },
    link: (kind, target) => addLink(links, kind, target),
    wikiLink: (link) => addWikiLink(links, link),
    length: () => length,
    parts: () => ({ text: pieces.join(''), blocks, links }),
  }
}

/** Blank lines off both ends; the first line keeps its indentation, which code needs. */
function withoutBlankEnds(text: string): string {
  return text.trimEnd().replace(/^\n+/u, '')
}
