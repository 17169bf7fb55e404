import type { Block, DocumentLink } from './extraction.ts'

const mostLinks = 1_000
const address = /https?:\/\/[^\s<>"'`\])}]{1,2000}/gu

/** Blocks of plain text: paragraphs between blank lines. Also how Markdown too large to parse is read. */
export function readPlainText(source: string): { text: string; blocks: Block[]; links: DocumentLink[] } {
  const text = source.replaceAll(/[^\S\n]+$/gmu, '').trim()
  const blocks: Block[] = []
  let start = 0
  for (const gap of [...text.matchAll(/\n{2,}/gu), undefined]) {
    const end = gap?.index ?? text.length
    if (end > start) blocks.push({ kind: 'paragraph', start, end, level: 0 })
    start = end + (gap?.[0].length ?? 0)
  }
  const targets = new Set<string>()
  for (const [url] of text.matchAll(address)) {
    if (targets.size < mostLinks) targets.add(url.replace(/[.,;:!?]+$/u, ''))
  }
  return { text, blocks, links: [...targets].map((target) => ({ kind: 'url', target })) }
}
