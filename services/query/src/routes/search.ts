import type { ModelProvider } from '@synap/ai'
import {
  type SearchHit,
  type SearchMode,
  type SearchQuery,
  searchQuery,
  searchResponse,
} from '@synap/contracts'
import { type App, principalOf, requires } from '@synap/http'
import type { ObjectStore } from '@synap/object-store'
import type { Pool } from '@synap/postgres'
import type { Logger } from '@synap/telemetry'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerReadAhead } from '../answer-read.ts'
import { commonFilterOf } from '../common-filter.ts'
import { type EmbeddedQuestion, embedQuestion } from '../embed-question.ts'
import { toEntityView } from '../entity-view.ts'
import type { ShownHit } from '../find-highlights.ts'
import { findHighlights } from '../find-highlights.ts'
import { findHits } from '../find-hits.ts'
import type { SearchRow } from '../fuse-hits.ts'
import type { ReadModel } from '../read-model.ts'
import type { SearchQuestion } from '../search-question.ts'
import { findTextConfigs } from '../sql/find-text-configs.ts'
import { findUserModel } from '../sql/user-vectors.ts'
import type { VectorCache } from '../vectors/vector-cache.ts'

export interface SearchDeps {
  readModel: ReadModel
  pool: Pool
  store: Pick<ObjectStore, 'get'>
  /** Models that questions can be embedded with. */
  providers: readonly ModelProvider[]
  vectors: VectorCache
  logger: Logger
}

const defaultLimit = 20
/** Cosine below which two texts have nothing in common, by any model; hybrid search shows no such hit. */
const leastLikeness = 0.1

/** `GET /v1/search` */
export function registerSearch(app: App, deps: SearchDeps): void {
  const schema = {
    summary: 'Search by words and meaning',
    querystring: searchQuery,
    response: { 200: searchResponse },
  }
  app.get('/v1/search', { schema, config: requires('read') }, async (request, reply) => {
    const { q } = request.query
    const { found, mode, embedded } = await search(deps, request, reply)
    const corrections = correctionsOf(found.hits.map(({ row }) => row))
    const words = [q, ...corrections].join(' ')
    const texts = await findHighlights(
      { ...deps, signal: request.signal },
      found.schema,
      corrections.length === 0 ? q : words,
      found.hits,
    )
    return {
      items: found.hits.map((hit, index) => ({
        entity: toEntityView(hit.entity),
        score: hit.row.score,
        matched: matchedOf(hit.row),
        highlights: texts[index]?.highlights ?? [],
        passage: passageOf(hit, request.query.passages === 'true' ? texts[index]?.passage : undefined),
      })),
      mode,
      note: noteOf(request.query, embedded),
      corrections,
      model: embedded?.vector?.model ?? null,
    }
  })
}

type SearchRequest = FastifyRequest<{ Querystring: SearchQuery }>

interface Searched {
  found: { schema: string; hits: ShownHit[] }
  mode: SearchMode
  embedded: EmbeddedQuestion | undefined
}

/**
 * Asks the model between two transactions: no connection waits for it. When the user's items are compared by another
 * model's vectors by then, the question is embedded again: those of the first may be going.
 */
async function search(
  deps: SearchDeps,
  request: SearchRequest,
  reply: FastifyReply,
  isAgain = false,
): Promise<Searched> {
  const { q, limit = defaultLimit } = request.query
  const { readModel, providers, logger } = deps
  const { userId } = principalOf(request)
  const known = await answerReadAhead(
    readModel,
    request,
    reply,
    async ({ client, schema }) => {
      const [model, configs] = await Promise.all([
        findUserModel(client, schema, userId),
        findTextConfigs(client, schema),
      ])
      return { model, configs }
    },
    { waited: isAgain },
  )
  const asked = askedMode(request.query)
  const embedded =
    asked === 'text'
      ? undefined
      : await embedQuestion(providers, known.model, q, { logger, signal: request.signal })
  const mode = doneMode(asked, embedded)
  const question: SearchQuestion = {
    text: mode === 'semantic' ? null : q,
    configs: known.configs,
    vector: embedded?.vector ?? null,
    filter: commonFilterOf(request.query),
    leastLikeness: mode === 'hybrid' ? leastLikeness : null,
    limit,
  }
  const asker = { userId, vectors: known.model?.vectors ?? 0, cache: deps.vectors }
  const found = await answerReadAhead(
    readModel,
    request,
    reply,
    async (snapshot) => {
      const { client, schema } = snapshot
      const [model, hits] = await Promise.all([
        question.vector === null ? known.model : findUserModel(client, schema, userId),
        findHits(snapshot, question, asker),
      ])
      return model?.model === known.model?.model ? { schema, hits } : undefined
    },
    { waited: true, genericPlans: true },
  )
  return found === undefined ? search(deps, request, reply, true) : { found, mode, embedded }
}

/** Quotes, and a minus before a word: nothing that is only near in meaning keeps to them. */
const toTheLetter = /"|(^|\s)-\S/

function askedMode({ q, mode = 'hybrid' }: SearchQuery): SearchMode {
  return mode === 'hybrid' && toTheLetter.test(q) ? 'text' : mode
}

function noteOf(query: SearchQuery, embedded: EmbeddedQuestion | undefined): string | null {
  if (embedded?.vector === null) return embedded.note
  return query.mode !== 'text' && askedMode(query) === 'text'
    ? 'Quotes and minus are about words: nothing was compared by meaning.'
    : null
}

function doneMode(asked: SearchMode, embedded: EmbeddedQuestion | undefined): SearchMode {
  return embedded === undefined || embedded.vector === null ? 'text' : asked
}

function correctionsOf(rows: readonly SearchRow[]): string[] {
  const corrected = rows.find((row) => row.corrected !== null)?.corrected
  return corrected?.split(' ') ?? []
}

function passageOf({ row: { chunk }, place }: ShownHit, text: string | undefined): SearchHit['passage'] {
  const [start, end] = [place?.char_start ?? null, place?.char_end ?? null]
  if (chunk === null || start === null || end === null) return null
  return { chunk, start, end, ...(text === undefined ? {} : { text }) }
}

function matchedOf(row: SearchRow): ('text' | 'semantic')[] {
  return [
    ...(row.text_place === null ? [] : (['text'] as const)),
    ...(row.vector_place === null ? [] : (['semantic'] as const)),
  ]
}
