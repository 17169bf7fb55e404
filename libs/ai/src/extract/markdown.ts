import { toString } from 'mdast-util-to-string'
import remarkGfm from 'remark-gfm'
import remarkParse from 'remark-parse'
import { unified } from 'unified'
import type { Block, DocumentLink } from './extraction.ts'
import { createTextBuilder, type TextBuilder } from './text-builder.ts'
import { readWikiLinks, shownOf } from './wiki-links.ts'

/** The part of an mdast node that is read here. */
interface Node {
  type: string
  value?: string
  url?: string
  alt?: string | null
  depth?: number
  checked?: boolean | null
  children?: Node[]
}

export interface MarkdownParts {
  text: string
  blocks: Block[]
  links: DocumentLink[]
  /** The first heading that says something besides pictures, without them: badges are no part of a title. Null for none. */
  heading: string | null
}

const processor = unified().use(remarkParse).use(remarkGfm)
const deepestNesting = 50

/**
 * Plain text of Markdown, block by block: markup gone, code and tables kept as text, raw HTML reduced to its text,
 * `[[page|label]]` to its label. Front matter must be off already.
 */
export function readMarkdown(source: string): MarkdownParts {
  const reader = createReader()
  reader.block(processor.parse(source) as Node, 'paragraph', 0)
  return reader.parts()
}

function createReader() {
  const builder = createTextBuilder()
  const emit = builder.add
  let heading: string | null = null

  const block = (node: Node, kind: Block['kind'], depth: number): void => {
    if (depth > deepestNesting) return emit(toString(node), kind)
    switch (node.type) {
      case 'heading':
        heading ??= wordsOf(node)
        return emit(inlineText(node, builder), 'heading', node.depth ?? 1)
      case 'paragraph':
        return emit(checkbox(node) + inlineText(node, builder), kind)
      case 'code':
        return emit(node.value ?? '', 'code')
      case 'html':
        return emit(stripHtml(node.value ?? ''), kind)
      case 'table':
        return emit(tableText(node, builder), 'table')
      case 'definition':
        return builder.link('url', node.url)
      case 'blockquote':
        return each(node, kind === 'item' ? kind : 'quote', depth)
      case 'listItem':
        return each(node, 'item', depth)
      default:
        return each(node, kind, depth)
    }
  }

  const each = (node: Node, kind: Block['kind'], depth: number): void => {
    for (const child of node.children ?? []) {
      if (node.type === 'listItem' && typeof node.checked === 'boolean') child.checked = node.checked
      block(child, kind, depth + 1)
    }
  }

  return { block, parts: (): MarkdownParts => ({ ...builder.parts(), heading }) }
}

/** The words of a heading on one line; null when it has none. */
function wordsOf(node: Node): string | null {
  const words = inlineText(withoutPictures(node, 0), createTextBuilder()).replaceAll(/\s+/gu, ' ').trim()
  return words === '' ? null : words
}

function withoutPictures(node: Node, depth: number): Node {
  if (node.children === undefined || depth > deepestNesting) return node
  const children = node.children.filter(({ type }) => type !== 'image')
  return { ...node, children: children.map((child) => withoutPictures(child, depth + 1)) }
}

/** A task list's box is kept as text: it is what makes the line a task. */
function checkbox(node: Node): string {
  if (typeof node.checked !== 'boolean') return ''
  return node.checked ? '[x] ' : '[ ] '
}

function tableText(node: Node, builder: TextBuilder): string {
  return (node.children ?? [])
    .map((row) => (row.children ?? []).map((cell) => inlineText(cell, builder)).join(' | '))
    .join('\n')
}

function inlineText(node: Node, builder: TextBuilder, depth = 0): string {
  if (depth > deepestNesting) return toString(node)
  switch (node.type) {
    case 'text':
      return wikiText(node.value ?? '', builder)
    case 'inlineCode':
      return node.value ?? ''
    case 'break':
      return '\n'
    case 'image':
      builder.link('image', node.url)
      return node.alt ?? ''
    case 'html':
      return stripHtml(node.value ?? '')
    case 'link':
      builder.link('url', node.url)
      break
    default:
      break
  }
  return (node.children ?? []).map((child) => inlineText(child, builder, depth + 1)).join('')
}

function wikiText(value: string, builder: TextBuilder): string {
  let text = ''
  let at = 0
  for (const link of readWikiLinks(value)) {
    builder.wikiLink(link)
    text += value.slice(at, link.start) + shownOf(link)
    at = link.end
  }
  return text + value.slice(at)
}

/** Text of raw HTML inside Markdown: tags and comments out, a few entities resolved. Not a sanitiser. */
function stripHtml(html: string): string {
  return html
    .replaceAll(/<!--[^]*?(?:-->|$)/gu, '')
    .replaceAll(/<(script|style)\b[^]*?(?:<\/\1\s*>|$)/giu, '')
    .replaceAll(/<[^<>]*>/gu, ' ')
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll(/[^\S\n]+/gu, ' ')
    .replaceAll(/\n\s*\n+/gu, '\n')
    .trim()
}
