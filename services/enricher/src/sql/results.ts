import type { Analysis, KeyTerm } from '@synap/ai'
import type { EntityId, UserId } from '@synap/core'
import { type Client, execute, query } from '@synap/postgres'

/** Where an extracted text lies and how it divides; never the text itself. */
export interface StoredExtraction {
  analysable: boolean
  reason: string | null
  textKey: string | null
  heading: string | null
  structured: boolean
  language: string | null
  links: string[]
  chunks: StoredChunk[]
  /** Tags that the document names itself. */
  tags: string[]
  /** What its prose dwells on. */
  terms: KeyTerm[]
}

/** Start and end in UTF-16 units, then in UTF-8 bytes, of the extracted text. */
export type StoredChunk = readonly [start: number, end: number, byteStart: number, byteEnd: number]

export interface ExtractionKey {
  entityId: EntityId
  contentHash: string
  producer: string
}

export async function upsertExtraction(
  client: Client,
  key: ExtractionKey & { userId: UserId },
  extraction: StoredExtraction,
): Promise<void> {
  await execute(client, {
    name: 'enrich.upsert_extraction',
    text: `insert into enrich.extractions (entity_id, content_hash, producer, user_id, analysable, reason, text_key,
             heading, structured, language, links, chunks, tags, terms)
           values ($1::uuid, $2::text, $3::text, $4::uuid, $5::boolean, $6::text, $7::text, $8::text, $9::boolean,
             $10::text, $11::jsonb, $12::jsonb, $13::jsonb, $14::jsonb)
           on conflict (entity_id, content_hash, producer) do update set analysable = excluded.analysable,
             reason = excluded.reason, text_key = excluded.text_key, heading = excluded.heading,
             structured = excluded.structured, language = excluded.language, links = excluded.links,
             chunks = excluded.chunks, tags = excluded.tags, terms = excluded.terms`,
    values: [
      key.entityId,
      key.contentHash,
      key.producer,
      key.userId,
      extraction.analysable,
      extraction.reason,
      extraction.textKey,
      extraction.heading,
      extraction.structured,
      extraction.language,
      JSON.stringify(extraction.links),
      JSON.stringify(extraction.chunks),
      JSON.stringify(extraction.tags),
      JSON.stringify(extraction.terms),
    ],
  })
}

export async function findExtraction(
  client: Client,
  { entityId, contentHash, producer }: ExtractionKey,
): Promise<StoredExtraction | undefined> {
  const rows = await query<StoredExtraction>(client, {
    name: 'enrich.find_extraction',
    text: `select analysable, reason, text_key as "textKey", heading, structured, language, links, chunks, tags, terms
           from enrich.extractions where entity_id = $1::uuid and content_hash = $2::text and producer = $3::text`,
    values: [entityId, contentHash, producer],
  })
  return rows[0]
}

export interface EmbeddingKey {
  userId: UserId
  contentHash: string
  model: string
  dimensions: number
  chunker: string
}

/** Numbers of the blocks that are there already, for this user and content. */
export async function findEmbeddedBlocks(client: Client, key: EmbeddingKey): Promise<Set<number>> {
  const rows = await query<{ block: number }>(client, {
    name: 'enrich.find_embedded_blocks',
    text: `select block from enrich.embeddings where user_id = $1::uuid and content_hash = $2::text and model = $3::text
             and dimensions = $4::int and chunker = $5::text`,
    values: [key.userId, key.contentHash, key.model, key.dimensions, key.chunker],
  })
  return new Set(rows.map(({ block }) => block))
}

/** One block's vectors, float16 one after the other; null when they are not there. */
export async function findEmbeddings(
  client: Client,
  key: EmbeddingKey,
  block: number,
): Promise<Buffer | null> {
  const rows = await query<{ vectors: Buffer }>(client, {
    name: 'enrich.find_embeddings',
    text: `select vectors from enrich.embeddings where user_id = $1::uuid and content_hash = $2::text
             and model = $3::text and dimensions = $4::int and chunker = $5::text and block = $6::int`,
    values: [key.userId, key.contentHash, key.model, key.dimensions, key.chunker, block],
  })
  return rows[0]?.vectors ?? null
}

/** Keeps a block; the first one counts when two items with the same content were embedded at once. */
export async function insertEmbeddings(
  client: Client,
  key: EmbeddingKey,
  block: number,
  vectors: Buffer,
): Promise<void> {
  await execute(client, {
    name: 'enrich.insert_embeddings',
    text: `insert into enrich.embeddings (user_id, content_hash, model, dimensions, chunker, block, vectors)
           values ($1::uuid, $2::text, $3::text, $4::int, $5::text, $6::int, $7::bytea) on conflict do nothing`,
    values: [key.userId, key.contentHash, key.model, key.dimensions, key.chunker, block, vectors],
  })
}

export interface StoredAnalysis {
  model: string
  promptVersion: string
  offline: boolean
  /** IANA name: where dates were taken to be meant. */
  timeZone: string
  result: Analysis
}

export async function insertAnalysis(
  client: Client,
  jobId: string,
  analysis: StoredAnalysis & { vocabularyHash: string },
): Promise<void> {
  await execute(client, {
    name: 'enrich.insert_analysis',
    text: `insert into enrich.analyses (job_id, model, prompt_version, offline, time_zone, vocabulary_hash, result,
             input_tokens, output_tokens)
           values ($1::uuid, $2::text, $3::text, $4::boolean, $5::text, $6::text, $7::jsonb, $8::int, $9::int)
           on conflict (job_id) do nothing`,
    values: [
      jobId,
      analysis.model,
      analysis.promptVersion,
      analysis.offline,
      analysis.timeZone,
      analysis.vocabularyHash,
      JSON.stringify(analysis.result),
      analysis.result.usage.inputTokens,
      analysis.result.usage.outputTokens,
    ],
  })
}

export async function findAnalysis(client: Client, jobId: string): Promise<StoredAnalysis | undefined> {
  const rows = await query<StoredAnalysis>(client, {
    name: 'enrich.find_analysis',
    text: `select model, prompt_version as "promptVersion", offline, time_zone as "timeZone", result from enrich.analyses
           where job_id = $1::uuid`,
    values: [jobId],
  })
  return rows[0]
}

/** Remembers which keys stand on the derived topic, for the day they must go. */
export async function upsertPublished(
  client: Client,
  key: ExtractionKey & { userId: UserId },
  blockCount: number,
): Promise<void> {
  await execute(client, {
    name: 'enrich.upsert_published',
    text: `insert into enrich.published (entity_id, content_hash, producer, user_id, block_count)
           values ($1::uuid, $2::text, $3::text, $4::uuid, $5::int)
           on conflict (entity_id, content_hash, producer) do update
             set block_count = greatest(published.block_count, excluded.block_count), published_at = now()`,
    values: [key.entityId, key.contentHash, key.producer, key.userId, blockCount],
  })
}
