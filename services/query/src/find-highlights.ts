import { describeError, errorClass } from '@synap/core'
import type { ObjectStore } from '@synap/object-store'
import { type Pool, queryRole, transaction } from '@synap/postgres'
import type { Logger } from '@synap/telemetry'
import type { SearchRow } from './fuse-hits.ts'
import { excerptOf, type Highlight, parseMarked } from './highlights.ts'
import type { EntityRow } from './sql/find-entities.ts'
import type { PassagePlace } from './sql/find-passages.ts'
import { markWords, type Passage } from './sql/highlight.ts'

/** Bytes read from the beginning of a text to find the words in, and of one chunk at most. */
const windowBytes = 16_384
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

/**
 * What to show of each hit: fragments with the question's words marked, else the beginning of the nearest chunk. Reads
 * some bytes of each text, holding no connection meanwhile. Without the object store hits are shown without passages.
 */
export async function findHighlights(
  deps: HighlightDeps,
  schema: string,
  question: string,
  hits: readonly ShownHit[],
): Promise<Highlight[][]> {
  const passages = await inTurns(hits, (hit) => passagesOf(deps, hit))
  const flat = passages.flat()
  const marked =
    flat.length === 0
      ? []
      : await transaction(
          deps.pool,
          { role: queryRole },
          (client) => markWords(client, schema, question, flat),
          { readOnly: true, signal: deps.signal },
        )
  let at = 0
  return hits.map(({ row }, index) => {
    const own = passages[index] ?? []
    const answers = marked.slice(at, at + own.length)
    at += own.length
    const found = answers.map(parseMarked).find((highlights) => highlights.length > 0)
    if (found !== undefined) return found
    const excerpt = row.chunk === null ? undefined : excerptOf(own[0]?.text ?? '')
    return excerpt === undefined ? [] : [excerpt]
  })
}

/** The chunk that is nearest in meaning, the beginning of the text, the title; in this order the words are looked for. */
async function passagesOf(deps: HighlightDeps, { row, entity, place }: ShownHit): Promise<Passage[]> {
  const config = place?.config ?? 'simple'
  const texts: string[] = []
  if (place !== undefined) {
    const { byte_start: start, byte_end: end } = place
    if (start !== null && end !== null && end > start) {
      texts.push(await readText(deps, place.text_key, start, Math.min(end, start + windowBytes)))
    }
    // The chunk may already be that beginning.
    if (row.text_place !== null && (start === null || start > 0 || (end ?? 0) < windowBytes)) {
      texts.push(await readText(deps, place.text_key, 0, windowBytes))
    }
  }
  if (texts.join('') === '') texts.push(entity.preview ?? '')
  if (entity.title !== null) texts.push(entity.title)
  return texts.filter((text) => text !== '').map((text) => ({ config, text }))
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
