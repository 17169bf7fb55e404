import {
  type Chunking,
  chunkText,
  type DocumentLink,
  type Extraction,
  type Extractor,
  extractorVersion,
  extractText,
  readableUpTo,
} from '@synap/ai'
import { formatWikiLink, maxLinks, parseItemLink } from '@synap/contracts'
import { derivedTextKey } from '@synap/object-store'
import type { Client } from '@synap/postgres'
import type { LeasedJob, StepName } from '../job.ts'
import { type StoredExtraction, upsertExtraction } from '../sql/results.ts'
import { isReadable, readContent } from './download.ts'
import { noteTerms } from './look-around.ts'
import type { Objects } from './objects.ts'
import type { Step } from './step.ts'

/** Who made an extraction: part of its key on the derived topic. */
export const extractProducer = `extract@${extractorVersion}`

const needText: readonly StepName[] = ['analyse', 'embed', 'publish', 'record']
const longestLink = 2_048
/** Of all links of one content: a record has room for its chunks besides. */
const mostLinkBytes = 131_072

/**
 * Turns the content into plain text, stores it, and cuts it into chunks. No model: it always runs. What cannot be read
 * (an image, say) is a result too, not a failure.
 */
export function createExtract({ objects, extractor }: { objects: Objects; extractor: Extractor }): Step {
  return async ({ job, memory, signal }) => {
    const { source } = job
    const save = (stored: StoredExtraction) => async (client: Client) => {
      await upsertExtraction(client, { ...job, producer: extractProducer }, stored)
      await noteTerms(client, job, stored.terms)
    }

    if (source.kind === 'title') {
      const extraction = extractText(source.title)
      memory.text = extraction.text
      return {
        state: 'done',
        save: save(stored(extraction, null, chunkText(extraction.text, extraction.blocks))),
      }
    }
    const result = isReadable(source)
      ? await extractor.extract(
          { bytes: memory.bytes ?? (await readContent(objects, job, signal)), fileType: source.fileType },
          signal,
        )
      : { analysable: false as const, reason: unreadable(source) }
    if (!result.analysable) {
      const { reason } = result
      return { state: 'skipped', reason, skips: needText, save: save(nothing(reason)) }
    }

    const { extraction, chunking } = result
    const textKey = derivedTextKey({ ...job, sha256: job.contentHash })
    await objects.put(textKey, Buffer.from(extraction.text), {
      contentType: 'text/plain; charset=utf-8',
      signal,
    })
    memory.text = extraction.text
    return { state: 'done', save: save(stored(extraction, textKey, chunking)) }
  }
}

function unreadable({ fileType }: Extract<LeasedJob['source'], { kind: 'content' }>): string {
  return readableUpTo(fileType) > 0 ? 'too_large' : 'unsupported_type'
}

function stored(
  extraction: Extraction,
  textKey: string | null,
  { chunks, truncated }: Chunking,
): StoredExtraction {
  const { heading, structured, language, links, frontMatter, terms } = extraction
  return {
    analysable: true,
    reason: truncated ? 'end_not_covered' : null,
    textKey,
    heading: heading?.slice(0, 500) ?? null,
    structured,
    language,
    links: toStoredLinks(links),
    chunks: chunks.map(({ start, end, byteStart, byteEnd }) => [start, end, byteStart, byteEnd] as const),
    tags: frontMatter.tags.filter(isStorable),
    terms: terms.filter(({ word }) => isStorable(word)),
  }
}

function nothing(reason: string): StoredExtraction {
  return {
    analysable: false,
    reason,
    textKey: null,
    heading: null,
    structured: false,
    language: null,
    links: [],
    chunks: [],
    tags: [],
    terms: [],
  }
}

/**
 * Links as text, in their order; those of a page with very many go first that may lead to another item, because nothing
 * comes of an address but that it is known.
 */
function toStoredLinks(links: readonly DocumentLink[]): string[] {
  const texts = links
    .map(({ kind, target, heading }) =>
      kind === 'wiki' || kind === 'embed' ? formatWikiLink(kind === 'embed', target, heading) : target,
    )
    .filter((text) => text.length <= longestLink && isStorable(text))
  if (fits(texts)) return texts
  const { inner = [], outer = [] } = Object.groupBy(texts, (text) =>
    parseItemLink(text) === undefined ? 'outer' : 'inner',
  )
  const ordered = [...inner, ...outer].slice(0, maxLinks)
  while (!fits(ordered)) ordered.pop()
  return ordered
}

const fits = (texts: readonly string[]): boolean =>
  texts.length <= maxLinks && texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) <= mostLinkBytes

/** A percent-escape or an entity can come to a NUL or half a character, which no store takes. */
function isStorable(text: string): boolean {
  return text !== '' && !text.includes('\0') && text.isWellFormed()
}
