import { describeError, errorClass, SynapError } from '@synap/core'
import type { ObjectStore } from '@synap/object-store'
import { type Pool, queryRole, transaction } from '@synap/postgres'
import type { Logger } from '@synap/telemetry'
import type { SearchRow } from './fuse-hits.ts'
import { excerptOf, type Highlight, parseMarked } from './highlights.ts'
import { likelyPassage } from './likely-passage.ts'
import type { EntityRow } from './sql/find-entities.ts'
import type { PassagePlace } from './sql/find-passages.ts'
import { markWords, type Passage } from './sql/highlight.ts'

/** Bytes read from the beginning of a text to find the words in, and of one chunk at most. */
const windowBytes = 16_384
/** Bytes of a text up to which words are looked for that its beginning does not have. */
const furtherBytes = 1_048_576
/** The same of all hits together: to look through a MiB takes some 20 ms, in which this process does nothing else. */
const furtherBytesOfAll = 4 * furtherBytes
/** In UTF-8; one may be cut at the end of what was read. */
const longestCharacter = 4
const reads = 6

export interface HighlightDeps {
  pool: Pool
  store: Pick<ObjectStore, 'get'>
  logger: Logger
  signal: AbortSignal
}

export interface ShownHit {
  row: SearchRow
  entity: EntityRow
  place: PassagePlace | undefined
}

export interface HitTexts {
  highlights: Highlight[]
  /** The nearest chunk; undefined: there is none, or the store cannot give it. */
  passage: string | undefined
}

/**
 * What to show of each hit: fragments with the question's words marked, else the beginning of the nearest chunk; and that chunk. Reads
 * some bytes of each text, holding no connection meanwhile. Without the object store hits are shown without passages.
 */
export async function findHighlights(
  deps: HighlightDeps,
  schema: string,
  question: string,
  hits: readonly ShownHit[],
): Promise<HitTexts[]> {
  const mark = (passages: readonly Passage[][]) => markAll(deps, schema, question, passages)
  const read = await inTurns(hits, (hit) => passagesOf(deps, hit))
  const passages = read.map((of) => of.passages)
  const marked = await mark(passages)
  const isOpen = (at: number) => marked[at] === undefined && read[at]?.hasMore === true
  const most = Math.min(
    furtherBytes,
    furtherBytesOfAll / Math.max(1, hits.filter((_, at) => isOpen(at)).length),
  )
  const further = await inTurns([...hits.entries()], async ([at, hit]) =>
    isOpen(at) ? furtherOf(deps, question, hit, most) : [],
  )
  const markedFurther = await mark(further)
  return hits.map(({ row }, at) => {
    const passage = read[at]?.chunk
    const found = marked[at] ?? markedFurther[at]
    if (found !== undefined) return { highlights: found, passage }
    const excerpt = row.chunk === null ? undefined : excerptOf(passages[at]?.[0]?.text ?? '')
    return { highlights: excerpt === undefined ? [] : [excerpt], passage }
  })
}

/** Of each hit what is marked in the first of its passages that has any of the words. */
async function markAll(
  { pool, signal }: HighlightDeps,
  schema: string,
  question: string,
  passages: readonly Passage[][],
): Promise<(Highlight[] | undefined)[]> {
  const flat = passages.flat()
  if (flat.length === 0) return passages.map(() => undefined)
  const marked = await transaction(
    pool,
    { role: queryRole },
    (client) => markWords(client, schema, question, flat),
    { readOnly: true, signal },
  )
  let at = 0
  return passages.map(({ length }) => {
    const answers = marked.slice(at, at + length)
    at += length
    return answers.map(parseMarked).find((highlights) => highlights.length > 0)
  })
}

/**
 * The chunk that is nearest in meaning, the beginning of the text, the title; in this order the words are looked for. `hasMore`: the
 * text goes on behind its beginning, and the words may be there.
 */
async function passagesOf(
  deps: HighlightDeps,
  { row, entity, place }: ShownHit,
): Promise<{ passages: Passage[]; hasMore: boolean; chunk: string | undefined }> {
  const config = place?.config ?? 'simple'
  const texts: string[] = []
  let hasMore = false
  let chunk: string | undefined
  if (place !== undefined) {
    const { byte_start: start, byte_end: end } = place
    if (start !== null && end !== null && end > start) {
      const text = await readText(deps, place.text_key, start, Math.min(end, start + windowBytes))
      texts.push(text)
      chunk = text === '' ? undefined : text
    }
    if (row.text_place !== null) {
      // The chunk may already be that beginning.
      const isThere = start === 0 && (end ?? 0) >= windowBytes
      if (!isThere) texts.push(await readText(deps, place.text_key, 0, windowBytes))
      hasMore = isThere || Buffer.byteLength(texts.at(-1) ?? '') > windowBytes - longestCharacter
    }
  }
  if (texts.join('') === '') texts.push(entity.preview ?? '')
  if (entity.title !== null) texts.push(entity.title)
  const passages = texts.filter((text) => text !== '').map((text) => ({ config, text }))
  return { passages, hasMore, chunk }
}

/** Where the words of a hit by words seem to be, behind the beginning of a long text, in so many bytes at most. */
async function furtherOf(
  deps: HighlightDeps,
  question: string,
  { place }: ShownHit,
  most: number,
): Promise<Passage[]> {
  if (place === undefined) return []
  const text = await readText(deps, place.text_key, windowBytes, windowBytes + Math.floor(most))
  const passage = likelyPassage(text, question)
  return passage === undefined ? [] : [{ config: place.config, text: passage }]
}

/** Bytes `start`..`end` (exclusive) of a text; empty when they cannot be had. */
async function readText(deps: HighlightDeps, key: string, start: number, end: number): Promise<string> {
  try {
    const { stream } = await deps.store.get(key, { signal: deps.signal, range: { start, end: end - 1 } })
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk as Buffer)
    // A range may begin or end inside a character.
    return new TextDecoder().decode(Buffer.concat(chunks)).replace(/^\u{fffd}+|\u{fffd}+$/gu, '')
  } catch (error) {
    deps.signal.throwIfAborted()
    if (errorClass(error) === 'bug') throw error
    if (error instanceof SynapError && error.code === 'object.bad_range') return ''
    deps.logger.warn({ error: describeError(error) }, 'a hit is shown without its passage')
    return ''
  }
}

/** Maps in order, a few at a time. */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let at = 0; at < items.length; at += reads) {
    results.push(...(await Promise.all(items.slice(at, at + reads).map(work))))
  }
  return results
}
