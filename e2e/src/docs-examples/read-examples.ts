import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { root } from '../commands.ts'

/** What a page says comes out of an example: JSON, or lines of text. */
export interface ShownAnswer {
  kind: 'json' | 'text'
  text: string
}

/** A fence of shell commands with `curl` in a page, and the answer that the page shows for it. */
export interface Example {
  page: string
  /** Line of the page on which the commands begin. */
  line: number
  script: string
  answer: ShownAnswer | undefined
}

interface Fence {
  language: string
  line: number
  text: string
}

const shellLanguages = new Set(['sh', 'bash', 'console'])

/** They call what they have the reader add; `how-to.e2e.test.ts` follows them. */
const followed = /^docs\/how-to\/add-an-.*\.md$/

/** The README and every page of `docs`, by path, but those that are followed step by step. */
export async function findPages(): Promise<string[]> {
  const found = await readdir(join(root, 'docs'), { recursive: true, withFileTypes: true })
  const pages = found
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((page) => !followed.test(page))
  return ['README.md', ...pages.sort()]
}

export async function readExamples(page: string): Promise<Example[]> {
  return parseExamples(page, await readFile(join(root, page), 'utf8'))
}

/** Its examples in the order in which a reader meets them. The fence after the commands, if it is none itself, is their answer. */
export function parseExamples(page: string, markdown: string): Example[] {
  const fences = parseFences(markdown)
  return fences.flatMap((fence, index) => {
    if (!isExample(fence)) return []
    const script = fence.language === 'console' ? withoutPrompts(fence.text) : fence.text
    return [{ page, line: fence.line + 1, script, answer: answerOf(fences[index + 1]) }]
  })
}

const isExample = (fence: Fence) => shellLanguages.has(fence.language) && /\bcurl\b/.test(fence.text)

function answerOf(fence: Fence | undefined): ShownAnswer | undefined {
  if (fence?.language !== 'json' && fence?.language !== 'text') return undefined
  return { kind: fence.language, text: fence.text }
}

/** The lines behind a prompt and those that go on from one; the others are output. */
function withoutPrompts(text: string): string {
  let goesOn = false
  const lines = text.split('\n').flatMap((line) => {
    if (!goesOn && !line.startsWith('$ ')) return []
    const command = goesOn ? line : line.slice(2)
    goesOn = command.endsWith('\\')
    return [command]
  })
  return lines.join('\n')
}

function parseFences(markdown: string): Fence[] {
  const fences: Fence[] = []
  let open: { indent: string; language: string; line: number; lines: string[] } | undefined
  for (const [index, line] of markdown.split('\n').entries()) {
    if (open === undefined) {
      const [, indent = '', language = ''] = /^( *)```(\w*)\s*$/.exec(line) ?? []
      if (/^ *```/.test(line)) open = { indent, language, line: index + 1, lines: [] }
    } else if (line.trim() === '```') {
      fences.push({ language: open.language, line: open.line, text: open.lines.join('\n') })
      open = undefined
    } else {
      open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line)
    }
  }
  return fences
}
