import { keyTerms } from '../key-terms.ts'
import { detectLanguage } from '../language.ts'
import { isVisible } from './chunk.ts'
import { readData } from './data.ts'
import type { Extraction, ExtractionResult, NotAnalysable } from './extraction.ts'
import { readFrontMatter } from './front-matter.ts'
import { readHtml } from './html.ts'
import { type MarkdownParts, readMarkdown } from './markdown.ts'
import { readPdf } from './pdf.ts'
import { readPlainText } from './plain.ts'

/** Larger texts are stored but not analysed: 5 MiB is some 2,000 pages. */
export const largestText = 5 * 1024 * 1024
/** Markdown above this, in UTF-16 units, is read as plain text: the parser's time is not linear in hostile input. */
const largestMarkdown = 512 * 1024

/** Larger files are not even fetched. */
const largestPdf = 32 * 1024 * 1024

/**
 * Bytes up to which a document of a type can be read; 0 for a type that holds no text we can read.
 *
 * @param fileType markdown, text, html, pdf, audio, video, image, other.
 */
export function readableUpTo(fileType: string): number {
  if (fileType === 'pdf') return largestPdf
  return fileType === 'markdown' || fileType === 'text' || fileType === 'html' ? largestText : 0
}

/**
 * What a stored document says in plain text. Deterministic; never throws on content. Takes what time and memory the
 * content asks for, so use `createExtractor` for content of others.
 */
export async function readDocument(bytes: Uint8Array, fileType: string): Promise<ExtractionResult> {
  if (fileType !== 'pdf') return extractDocument(bytes, fileType)
  return bytes.length > largestPdf ? refused('too_large') : fromPdf(bytes)
}

/** The same at once, for every type but PDF, which is `unsupported_type` here. */
export function extractDocument(bytes: Uint8Array, fileType: string): ExtractionResult {
  const largest = fileType === 'pdf' ? 0 : readableUpTo(fileType)
  if (largest === 0) return refused('unsupported_type')
  if (bytes.length > largest) return refused('too_large')
  const source = decode(bytes, fileType)
  if (source === undefined) return refused('not_text')
  const extraction =
    fileType === 'markdown' ? fromMarkdown(source) : fileType === 'html' ? fromHtml(source) : fromText(source)
  return !isVisible(extraction.text) ? refused('empty') : { analysable: true, extraction, reason: null }
}

async function fromPdf(bytes: Uint8Array): Promise<ExtractionResult> {
  const parts = await readPdf(bytes, largestText / 4)
  if (typeof parts === 'string') return refused(parts)
  if (!isVisible(parts.text)) return refused('no_text_layer')
  return { analysable: true, extraction: asDocument(parts, parts.title), reason: null }
}

function fromHtml(source: string): Extraction {
  const { title, ...parts } = readHtml(source)
  return asDocument(parts, title)
}

/** Data is kept for searching; a table of shopping is no task. */
function fromText(source: string): Extraction {
  const data = readData(source)
  return data === undefined ? fromPlainText(source) : asDocument(data, null)
}

function asDocument(
  { text, blocks, links }: ReturnType<typeof readPlainText>,
  title: string | null,
): Extraction {
  const heading = title ?? firstHeading(text, blocks)
  const prose = proseOf(text, blocks)
  return {
    text,
    heading,
    structured: true,
    links,
    blocks,
    frontMatter: { title: null, tags: [] },
    language: detectLanguage(prose).language,
    terms: keyTerms(heading, prose),
  }
}

function firstHeading(text: string, blocks: Extraction['blocks']): string | null {
  const first = blocks.find(({ kind }) => kind === 'heading')
  return first === undefined ? null : text.slice(first.start, first.end)
}

/** A bare title, or any text that is known to be plain. */
export function extractText(text: string): Extraction {
  return fromPlainText(normalise(text))
}

function fromMarkdown(source: string): Extraction {
  const { frontMatter, bodyStart } = readFrontMatter(source)
  const body = source.slice(bodyStart)
  const parts =
    body.length > largestMarkdown ? { ...readPlainText(body), heading: null } : markdownOrPlain(body)
  const { text, blocks, links } = parts
  const heading = frontMatter.title ?? parts.heading ?? firstHeading(text, blocks)
  const prose = proseOf(text, blocks)
  return {
    text,
    heading,
    structured: blocks.some(({ kind }) => kind === 'heading' || kind === 'code' || kind === 'table'),
    links,
    blocks,
    frontMatter,
    language: detectLanguage(prose).language,
    terms: keyTerms(heading, prose),
  }
}

function markdownOrPlain(body: string): MarkdownParts {
  try {
    return readMarkdown(body)
  } catch (error) {
    // Nesting thousands deep overflows the parser's stack; the words are still worth having.
    if (error instanceof RangeError) return { ...readPlainText(body), heading: null }
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
    terms: keyTerms(null, text),
  }
}

/** Text without code: identifiers tell neither the language nor what it is about. */
function proseOf(text: string, blocks: Extraction['blocks']): string {
  const prose = blocks.filter(({ kind }) => kind !== 'code').map(({ start, end }) => text.slice(start, end))
  return prose.length === 0 ? text : prose.join('\n')
}

/** UTF-8, or UTF-16 with a byte order mark; pages also as they say themselves. Undefined for anything else. */
function decode(bytes: Uint8Array, fileType: string): string | undefined {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : 'utf-8'
  const text =
    decodeAs(bytes, encoding) ?? (fileType === 'html' ? decodeAs(bytes, charsetOf(bytes)) : undefined)
  return text === undefined || text.includes('\0') ? undefined : normalise(text)
}

/** Undefined for bytes that are not of the encoding, and for one that nobody knows. */
function decodeAs(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return undefined
    throw error
  }
}

/** What a page that is not UTF-8 says in its first kilobyte, else what browsers take it for. */
function charsetOf(bytes: Uint8Array): string {
  const beginning = Buffer.from(bytes.subarray(0, 1_024)).toString('latin1')
  return /<meta[^>]{0,200}?charset\s*=\s*["']?([\w-]{2,40})/iu.exec(beginning)?.[1] ?? 'windows-1252'
}

function normalise(text: string): string {
  return text.replaceAll(/\r\n?/gu, '\n').normalize('NFC')
}

function refused(reason: NotAnalysable): ExtractionResult {
  return { analysable: false, extraction: null, reason }
}
