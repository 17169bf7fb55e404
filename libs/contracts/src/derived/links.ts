import { type EntityId, isUuid } from '@synap/core'

/** How a document names another item. `markdown`: by an address that is no web address. */
export const linkKinds = ['wiki', 'embed', 'markdown'] as const
export type LinkKind = (typeof linkKinds)[number]

/** A link to an item, as a document writes it. */
export interface ItemLink {
  kind: LinkKind
  /** As it is written: the page, or the address without what follows `?` and `#`. */
  target: string
  /** The place in the item, where the link names one. */
  heading: string | null
  /** The name that is meant; null where `id` says which item it is. */
  name: string | null
  id: EntityId | null
}

/** Of a name that an item can be found by, in UTF-16 code units. */
const longestName = 255
const document = /\.(?:md|markdown|mdx|txt)$/iu
const scheme = /^(?:[a-z][a-z0-9+.-]*:|\/\/)/iu
const ofEntity = /^\/v1\/entities\/([^/]+)(?:\/content)?$/u

/**
 * A wiki link as `Extracted.links` holds it, among addresses that stand there as they are written: `[[Page#heading]]`, or
 * `![[Page]]` where it embeds.
 */
export function formatWikiLink(isEmbed: boolean, page: string, heading: string | undefined): string {
  return `${isEmbed ? '!' : ''}[[${page}${heading === undefined ? '' : `#${heading}`}]]`
}

/**
 * What one of `Extracted.links` says about an item; undefined for everything else: addresses in the web, places in the
 * same document, pictures and other files. An address leads to an item by the last part of its path without `.md`
 * (`../notes/Other%20note.md` means the item called `Other note`), or by an id (`/v1/entities/{id}`).
 */
export function parseItemLink(text: string): ItemLink | undefined {
  const wiki = /^(!?)\[\[([^#]*)(?:#(.*))?\]\]$/su.exec(text)
  if (wiki !== null) {
    const [, embed, page = '', heading = null] = wiki
    return toLink(embed === '' ? 'wiki' : 'embed', page, page.replace(document, ''), heading)
  }
  if (scheme.test(text)) return undefined
  const [path, heading] = cut(text, '#')
  const [target] = cut(path, '?')
  const id = ofEntity.exec(target)?.[1]
  if (id !== undefined) return isUuid(id) ? toLink('markdown', target, id, decode(heading)) : undefined
  const file = decode(target.slice(target.lastIndexOf('/') + 1)) ?? ''
  if (file.includes('.') && !document.test(file)) return undefined
  return toLink('markdown', target, file.replace(document, ''), decode(heading))
}

function toLink(
  kind: LinkKind,
  target: string,
  written: string,
  heading: string | null,
): ItemLink | undefined {
  const name = written.trim()
  if (name === '' || name.length > longestName || name.includes('\0') || !name.isWellFormed())
    return undefined
  const place = heading?.trim() || null
  if (isUuid(name)) return { kind, target, heading: place, name: null, id: name as EntityId }
  return { kind, target, heading: place, name, id: null }
}

function cut(text: string, mark: string): [before: string, after: string | null] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)]
}

/** Percent escapes resolved; a text that holds none that mean anything is meant to the letter. */
function decode(text: string | null): string | null {
  if (text === null || !text.includes('%')) return text
  try {
    const decoded = decodeURIComponent(text)
    return decoded.includes('\0') ? text : decoded
  } catch (error) {
    if (error instanceof URIError) return text
    throw error
  }
}
