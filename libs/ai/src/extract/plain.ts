import type { Block, DocumentLink } from './extraction.ts'
import { addLink, addWikiLink } from './links.ts'
import { readWikiLinks } from './wiki-links.ts'

const address = /https?:\/\/[^\s<>"'`\])}]{1,2000}/gu

/**
 * Takes white space off the end of each line. Not by a pattern: one that looks for the end of a run of blanks tries
 * again from every blank, and a megabyte of them would take hours.
 */
export function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

/** Blocks of plain text: paragraphs between blank lines. Also how Markdown too large to parse is read. */
export function readPlainText(source: string): { text: string; blocks: Block[]; links: DocumentLink[] } {
  const text = trimLines(source).trim()
  const blocks: Block[] = []
  let start = 0
  for (const gap of [...text.matchAll(/\n{2,}/gu), undefined]) {
    const end = gap?.index ?? text.length
    if (end > start) blocks.push({ kind: 'paragraph', start, end, level: 0 })
    start = end + (gap?.[0].length ?? 0)
  }
  const links: DocumentLink[] = []
  for (const [url] of text.matchAll(address)) addLink(links, 'url', url.replace(/[.,;:!?]+$/u, ''))
  for (const link of readWikiLinks(text)) addWikiLink(links, link)
  return { text, blocks, links }
}
