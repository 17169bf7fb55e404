import { detectLanguage } from '../language.ts'
import { isVisible } from './chunk.ts'
import type { Extraction, ExtractionResult, NotAnalysable } from './extraction.ts'
import { readFrontMatter } from './front-matter.ts'
import { readMarkdown } from './markdown.ts'
import { readPlainText } from './plain.ts'

/** Larger texts are stored but not analysed: 5 MiB is some 2,000 pages. */
export const largestText = 5 * 1024 * 1024
/** Markdown above this, in UTF-16 units, is read as plain text: the parser's time is not linear in hostile input. */
const largestMarkdown = 512 * 1024

/**
 * What a stored document says in plain text. Deterministic; never throws on content.
 *
 * @param fileType markdown, text, html, pdf, audio, video, image, other; today markdown and text are read.
 */
export function extractDocument(bytes: Uint8Array, fileType: string): ExtractionResult {
  if (fileType !== 'markdown' && fileType !== 'text') return refused('unsupported_type')
  if (bytes.length > largestText) return refused('too_large')
  const source = decode(bytes)
  if (source === undefined) return refused('not_text')
  const extraction = fileType === 'markdown' ? fromMarkdown(source) : fromPlainText(source)
  return !isVisible(extraction.text) ? refused('empty') : { analysable: true, extraction, reason: null }
}

/** A bare title, or any text that is known to be plain. */
export function extractText(text: string): Extraction {
  return fromPlainText(normalise(text))
}

function fromMarkdown(source: string): Extraction {
  const { frontMatter, bodyStart } = readFrontMatter(source)
  const body = source.slice(bodyStart)
  const { text, blocks, links } = body.length > largestMarkdown ? readPlainText(body) : markdownOrPlain(body)
  const firstHeading = blocks.find(({ kind }) => kind === 'heading')
  return {
    text,
    heading:
      frontMatter.title ??
      (firstHeading === undefined ? null : text.slice(firstHeading.start, firstHeading.end)),
    structured: blocks.some(({ kind }) => kind === 'heading' || kind === 'code' || kind === 'table'),
    links,
    blocks,
    frontMatter,
    language: detectLanguage(proseOf(text, blocks)).language,
  }
}

function markdownOrPlain(body: string): ReturnType<typeof readPlainText> {
  try {
    return readMarkdown(body)
  } catch (error) {
    // Nesting thousands deep overflows the parser's stack; the words are still worth having.
    if (error instanceof RangeError) return readPlainText(body)
    throw error
  }
}

function fromPlainText(source: string): Extraction {
  const { text, blocks, links } = readPlainText(source)
  const frontMatter = { title: null, tags: [] }
  return {
    text,
    heading: null,
    structured: false,
    links,
    blocks,
    frontMatter,
    language: detectLanguage(text).language,
  }
}

/** Text without code: identifiers mislead the detector. */
function proseOf(text: string, blocks: Extraction['blocks']): string {
  const prose = blocks.filter(({ kind }) => kind !== 'code').map(({ start, end }) => text.slice(start, end))
  return prose.length === 0 ? text : prose.join('\n')
}

/** UTF-8, or UTF-16 with a byte order mark; undefined for anything else and for binary data. */
function decode(bytes: Uint8Array): string | undefined {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : 'utf-8'
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes)
    return text.includes('\0') ? undefined : normalise(text)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

function normalise(text: string): string {
  return text.replaceAll(/\r\n?/gu, '\n').normalize('NFC')
}

function refused(reason: NotAnalysable): ExtractionResult {
  return { analysable: false, extraction: null, reason }
}
