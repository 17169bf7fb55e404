import type { ModelProvider } from '@synap/ai'
import { type SearchMode, type SearchQuery, searchQuery, searchResponse } from '@synap/contracts'
import { type App, requires } from '@synap/http'
import type { ObjectStore } from '@synap/object-store'
import type { Pool } from '@synap/postgres'
import type { Logger } from '@synap/telemetry'
import type { FastifyRequest } from 'fastify'
import { answerRead } from '../answer-read.ts'
import { type EmbeddedQuestion, embedQuestion } from '../embed-question.ts'
import { toEntityView } from '../entity-view.ts'
import { findHighlights, type ShownHit } from '../find-highlights.ts'
import type { ReadModel, Snapshot } from '../read-model.ts'
import { findEntities } from '../sql/find-entities.ts'
import { findPassages } from '../sql/find-passages.ts'
import {
  allowIterativeScan,
  findTextConfigs,
  findUserModels,
  type SearchQuestion,
  type SearchRow,
  searchEntities,
} from '../sql/search-entities.ts'

export interface SearchDeps {
  readModel: ReadModel
  pool: Pool
  store: Pick<ObjectStore, 'get'>
  /** Models that questions can be embedded with. */
  providers: readonly ModelProvider[]
  logger: Logger
}

const defaultLimit = 20
/** Rows of the index on vectors that are visited at most before all of a user's vectors are compared. */
const scannedTuples = 40_000

/** `GET /v1/search` */
export function registerSearch(app: App, deps: SearchDeps): void {
  const schema = {
    summary: 'Search by words and meaning',
    querystring: searchQuery,
    response: { 200: searchResponse },
  }
  app.get('/v1/search', { schema, config: requires('read') }, async (request, reply) => {
    const { q, limit = defaultLimit, type = null } = request.query
    // The model is asked between two transactions: no connection waits for it.
    const known = await answerRead(deps.readModel, request, reply, async ({ client, schema }) => ({
      models: await findUserModels(client, schema),
      configs: await findTextConfigs(client, schema),
    }))
    const embedded = await embed(deps, request, known.models)
    const mode = doneMode(request.query.mode ?? 'hybrid', embedded)
    const question: SearchQuestion = {
      text: mode === 'semantic' ? null : q,
      configs: known.configs,
      vector: embedded?.vector ?? null,
      type,
      limit,
    }
    const exact = embedded === undefined || embedded.vector === null || embedded.exact
    const found = await answerRead(
      deps.readModel,
      request,
      reply,
      async (snapshot) => ({
        schema: snapshot.schema,
        hits: await findHits(snapshot, question, exact),
      }),
      { waited: true },
    )
    const highlights = await findHighlights({ ...deps, signal: request.signal }, found.schema, q, found.hits)
    return {
      items: found.hits.map(({ row, entity }, index) => ({
        entity: toEntityView(entity),
        score: row.score,
        matched: matchedOf(row),
        highlights: highlights[index] ?? [],
      })),
      mode,
      note: embedded?.vector === null ? embedded.note : null,
      model: embedded?.vector?.model ?? null,
    }
  })
}

async function embed(
  { providers, logger }: SearchDeps,
  request: FastifyRequest,
  models: Awaited<ReturnType<typeof findUserModels>>,
): Promise<EmbeddedQuestion | undefined> {
  const { mode, q } = request.query as SearchQuery
  return mode === 'text' ? undefined : embedQuestion(providers, models, q, { logger, signal: request.signal })
}

function doneMode(asked: SearchMode, embedded: EmbeddedQuestion | undefined): SearchMode {
  return embedded === undefined || embedded.vector === null ? 'text' : asked
}

async function findHits(
  { client, schema }: Snapshot,
  question: SearchQuestion,
  exact: boolean,
): Promise<ShownHit[]> {
  if (!exact) await allowIterativeScan(client, scannedTuples)
  let rows = await searchEntities(client, schema, question, exact)
  // The index may give up before it has found as many as there are.
  if (!exact && rows.length < question.limit) rows = await searchEntities(client, schema, question, true)
  const ids = rows.map((row) => row.entity_id)
  const entities = new Map(
    (await findEntities(client, schema, ids)).map((entity) => [entity.entity_id, entity]),
  )
  const places = new Map((await findPassages(client, schema, rows)).map((place) => [place.entity_id, place]))
  return rows.flatMap((row) => {
    const entity = entities.get(row.entity_id)
    return entity === undefined ? [] : [{ row, entity, place: places.get(row.entity_id) }]
  })
}

function matchedOf(row: SearchRow): ('text' | 'semantic')[] {
  return [
    ...(row.text_place === null ? [] : (['text'] as const)),
    ...(row.vector_place === null ? [] : (['semantic'] as const)),
  ]
}
