import type { DocumentLink } from './extraction.ts'
import type { WikiLink } from './wiki-links.ts'

/** Of one document; what comes later is text only. */
const mostLinks = 1_000

/** Adds an address, once. Pictures that stand in the document itself are none. */
export function addLink(links: DocumentLink[], kind: 'url' | 'image', target: string | undefined): void {
  const trimmed = (target ?? '').trim().slice(0, 2_000)
  if (trimmed !== '' && !trimmed.startsWith('data:')) add(links, { kind, target: trimmed })
}

/** Adds a wiki link, once for each place it leads to; one within the document leads nowhere else. */
export function addWikiLink(links: DocumentLink[], { page, heading, isEmbed }: WikiLink): void {
  if (page === '') return
  add(links, { kind: isEmbed ? 'embed' : 'wiki', target: page, ...(heading === null ? {} : { heading }) })
}

function add(links: DocumentLink[], link: DocumentLink): void {
  if (links.length >= mostLinks) return
  const isSame = (other: DocumentLink) =>
    other.kind === link.kind && other.target === link.target && other.heading === link.heading
  if (!links.some(isSame)) links.push(link)
}
