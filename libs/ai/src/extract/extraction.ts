import type { KeyTerm } from '../key-terms.ts'

/** A link found in a document. */
export interface DocumentLink {
  /** `embed`: a wiki link whose page is shown in place. */
  kind: 'url' | 'wiki' | 'embed' | 'image'
  /** Address as written, or the name of the page a wiki link points to; at most 2,000 characters. */
  target: string
  /** The place in that page, where a wiki link names one. */
  heading?: string
}

/** A part of the extracted text that belongs together; chunks begin and end between blocks when they can. */
export interface Block {
  kind: 'heading' | 'paragraph' | 'item' | 'code' | 'table' | 'quote'
  /** UTF-16 offsets into `Extraction.text`, `end` exclusive. */
  start: number
  end: number
  /** 1 to 6 for headings, else 0. */
  level: number
}

/** What front matter says that we use. */
export interface FrontMatter {
  title: string | null
  tags: string[]
}

/** Plain text of a document and what its structure tells. A pure function of the bytes. */
export interface Extraction {
  /** Without markup, lines by `\n`; the offsets of blocks and chunks count in it. */
  text: string
  /** Title from front matter or the page's own, else the first heading, else null. */
  heading: string | null
  /** True for pages, data, and when there are headings, code or tables: a document rather than a thought. */
  structured: boolean
  links: DocumentLink[]
  blocks: Block[]
  frontMatter: FrontMatter
  /** ISO 639-1, or null. */
  language: string | null
  /** Words that its prose dwells on, the weightiest first; code is left out. */
  terms: KeyTerm[]
}

/** `analysable: false` is a fact about the content (an image, an unknown format), not a failure. */
export type ExtractionResult =
  | { analysable: true; extraction: Extraction; reason: null }
  | { analysable: false; extraction: null; reason: NotAnalysable }

/** `unprocessable`: malformed, or made to cost more than it may. */
export type NotAnalysable =
  | 'unsupported_type'
  | 'not_text'
  | 'too_large'
  | 'empty'
  | 'encrypted'
  | 'no_text_layer'
  | 'unprocessable'

/** Goes up with every change that may change an extraction; part of what derived records are known by. */
export const extractorVersion = 2
