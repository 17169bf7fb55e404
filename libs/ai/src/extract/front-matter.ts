import type { FrontMatter } from './extraction.ts'

const opening = /^---[ \t]*\r?\n/u
const closing = /\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/u
const longestFrontMatter = 20_000
const mostTags = 50

/**
 * Splits YAML front matter off a document and reads `title` and `tags` (as `[a, b]`, `a, b` or a list of `- a`). No
 * other YAML is understood, on purpose: anchors, tags and nesting of a full parser are a risk and of no use here.
 *
 * @returns where the body begins, in UTF-16 units; 0 without front matter.
 */
export function readFrontMatter(source: string): { frontMatter: FrontMatter; bodyStart: number } {
  const none = { frontMatter: { title: null, tags: [] }, bodyStart: 0 }
  const open = opening.exec(source)
  if (open === null) return none
  const rest = source.slice(open[0].length - 1, open[0].length - 1 + longestFrontMatter)
  const close = closing.exec(rest)
  if (close === null) return none
  const lines = rest.slice(0, close.index).split(/\r?\n/u)
  return {
    frontMatter: { title: scalarOf(lines, 'title'), tags: tagsOf(lines) },
    bodyStart: open[0].length - 1 + close.index + close[0].length,
  }
}

function scalarOf(lines: string[], key: string): string | null {
  const line = lines.find((candidate) => candidate.startsWith(`${key}:`))
  const value = line === undefined ? '' : unquote(line.slice(key.length + 1))
  return value === '' || value === '|' || value === '>' ? null : value.slice(0, 500)
}

function tagsOf(lines: string[]): string[] {
  const at = lines.findIndex((line) => /^(?:tags|keywords):/u.test(line))
  if (at < 0) return []
  const inline = (lines[at] ?? '').replace(/^\w+:/u, '').trim()
  const written = inline === '' ? listItems(lines.slice(at + 1)) : inline.replace(/^\[|\]$/gu, '').split(',')
  return written
    .map((tag) => unquote(tag).replace(/^#/u, '').slice(0, 100))
    .filter((tag) => tag !== '')
    .slice(0, mostTags)
}

function listItems(lines: string[]): string[] {
  const end = lines.findIndex((line) => !/^\s*-\s+/u.test(line))
  return lines.slice(0, end < 0 ? undefined : end).map((line) => line.replace(/^\s*-\s+/u, ''))
}

function unquote(text: string): string {
  return text
    .trim()
    .replace(/^(["'])(.*)\1$/u, '$2')
    .trim()
}
