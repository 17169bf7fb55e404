import type { Block } from './extraction.ts'
import { isHighSurrogate, tokensOf } from './tokens.ts'

/** A piece of an extracted text, embedded as one. */
export interface Chunk {
  index: number
  /** UTF-16 offsets into the extracted text, `end` exclusive. */
  start: number
  end: number
  /** Offsets of the same piece in the text's UTF-8 bytes, for range reads of the stored text. */
  byteStart: number
  byteEnd: number
  tokens: number
}

export interface Chunking {
  chunks: Chunk[]
  /** True when the text was too long to be covered; the rest has no vectors. */
  truncated: boolean
}

const largest = 400
const overlap = 50
/** A heading opens a new chunk once the one before holds this much. */
const enough = 100
const longestUnit = 800
const mostChunks = 2_000

/** Names every number that decides where chunks begin and end; part of what vectors are known by. */
export const chunkerVersion = `blocks1-${largest}-${overlap}`

interface Unit {
  start: number
  end: number
  tokens: number
  opensSection: boolean
}

/**
 * Cuts a text into chunks of at most 400 tokens at the joints of its structure: before headings, between blocks, and
 * inside long blocks between sentences, then words. Neighbours in one section share about 50 tokens, so that a
 * sentence on the border is found from both sides. Same text, same chunks.
 */
export function chunkText(text: string, blocks: readonly Block[]): Chunking {
  const units = blocks.flatMap((block) => unitsOf(text, block))
  const spans: { start: number; end: number; tokens: number }[] = []
  let first = 0
  while (first < units.length) {
    let next = first
    let tokens = 0
    while (next < units.length) {
      const unit = units[next] as Unit
      if (next > first && (tokens + unit.tokens > largest || (unit.opensSection && tokens >= enough))) break
      tokens += unit.tokens
      next += 1
    }
    spans.push({ start: (units[first] as Unit).start, end: (units[next - 1] as Unit).end, tokens })
    first = next < units.length ? overlapStart(units, first, next) : next
  }
  const visible = spans.filter(({ start, end }) => isVisible(text.slice(start, end)))
  return { chunks: withBytes(text, visible.slice(0, mostChunks)), truncated: visible.length > mostChunks }
}

/** True when there is something to embed: not only white space, control and format characters. */
export function isVisible(text: string): boolean {
  return /[^\s\p{C}]/u.test(text)
}

/** Where the next chunk begins: some units back, but not across a heading and never where this one began. */
function overlapStart(units: readonly Unit[], first: number, next: number): number {
  if (units[next]?.opensSection === true) return next
  let start = next
  let shared = 0
  const incoming = units[next]?.tokens ?? 0
  while (start - 1 > first) {
    const unit = units[start - 1] as Unit
    if (shared + unit.tokens > overlap || shared + unit.tokens + incoming > largest) break
    shared += unit.tokens
    start -= 1
    if (unit.opensSection) break
  }
  return start
}

/** Sentences of a block, none longer than a chunk may be; a short block is one unit. */
function unitsOf(text: string, block: Block): Unit[] {
  const pieces: [number, number][] = []
  let start = block.start
  const content = text.slice(block.start, block.end)
  for (const match of content.matchAll(/[.!?。！？]["”»')\]]*\s+|\n+/gu)) {
    const end = block.start + match.index + match[0].length
    pieces.push([start, end])
    start = end
  }
  if (start < block.end) pieces.push([start, block.end])
  return pieces
    .flatMap(([from, to]) => cutLong(text, from, to))
    .map(([from, to], index) => ({
      start: from,
      end: to,
      tokens: tokensOf(text.slice(from, to)),
      opensSection: block.kind === 'heading' && index === 0,
    }))
}

/** Pieces of at most 800 characters (400 tokens, as no token is shorter than half a character in practice). */
function cutLong(text: string, from: number, to: number): [number, number][] {
  const cuts: [number, number][] = []
  let start = from
  while (to - start > longestUnit) {
    let end = start + longestUnit
    const space = text.lastIndexOf(' ', end)
    if (space > start + longestUnit / 2) end = space + 1
    else if (isHighSurrogate(text.charCodeAt(end - 1))) end -= 1
    cuts.push(...halve(text, start, end))
    start = end
  }
  cuts.push(...halve(text, start, to))
  return cuts
}

/** Scripts with many tokens to a character (emoji, rare alphabets) are cut again until a piece fits a chunk. */
function halve(text: string, from: number, to: number): [number, number][] {
  if (to - from < 2 || tokensOf(text.slice(from, to)) <= largest) return [[from, to]]
  let middle = (from + to) >> 1
  if (isHighSurrogate(text.charCodeAt(middle - 1))) middle -= 1
  if (middle <= from) return [[from, to]]
  return [...halve(text, from, middle), ...halve(text, middle, to)]
}

/** Adds byte offsets. Chunks begin ever further on, so the text before them is measured once. */
function withBytes(text: string, spans: readonly { start: number; end: number; tokens: number }[]): Chunk[] {
  let measured = 0
  let byteStart = 0
  return spans.map(({ start, end, tokens }, index) => {
    byteStart += Buffer.byteLength(text.slice(measured, start))
    measured = start
    const trimmed = text.slice(start, end).trimEnd()
    return {
      index,
      start,
      end: start + trimmed.length,
      byteStart,
      byteEnd: byteStart + Buffer.byteLength(trimmed),
      tokens,
    }
  })
}
