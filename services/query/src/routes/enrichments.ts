import {
  type EnrichmentFilter,
  type EnrichmentRequest,
  type EnrichmentResponse,
  enrichmentList,
  enrichmentParams,
  enrichmentRequest,
  enrichmentResponse,
  enrichmentsQuery,
  enrichmentView,
} from '@synap/contracts'
import { isUuid, uuidv7 } from '@synap/core'
import { type App, principalOf, problem, requires } from '@synap/http'
import { type Client, type Pool, queryRole, transaction } from '@synap/postgres'
import type { FastifyRequest } from 'fastify'
import { addAllItems, weighAnalyses } from '../analysis-runs.ts'
import { ask } from '../ask-owners.ts'
import { embeddingEstimate, toEnrichmentView } from '../enrichments-view.ts'
import { beginAnalysis } from '../sql/analysis-runs.ts'
import {
  beginEmbedding,
  cancelEnrichment,
  findEmbeddingModels,
  findEnrichments,
  weighEmbedding,
} from '../sql/enrichments.ts'

const shown = 20

/** `/v1/enrichments`: work on many of the user's items. The rows are the enricher's, who acts on what is asked for. */
export function registerEnrichments(app: App, { pool }: { pool: Pool }): void {
  const begin = {
    summary: 'What more analyses, or vectors of the configured model, would take; or begin it',
    body: enrichmentRequest,
    response: { 200: enrichmentResponse, 202: enrichmentResponse },
  }
  app.post('/v1/enrichments', { schema: begin, config: requires('write') }, async (request, reply) => {
    const answer = await weigh(pool, request, request.body)
    if (request.body.dryRun) return answer
    const enrichment = await start(pool, request, request.body, answer.estimate)
    return reply
      .code(202)
      .header('location', `/v1/enrichments/${enrichment.id}`)
      .send({ ...answer, dryRun: false, enrichment })
  })

  const list = {
    summary: 'Work on many items that was asked for, the newest first, and how far it is',
    querystring: enrichmentsQuery,
    response: { 200: enrichmentList },
  }
  app.get('/v1/enrichments', { schema: list, config: requires('read') }, (request) =>
    ask(pool, request, async (client) => {
      const { configured, searched_by: searchedBy } = await findEmbeddingModels(client)
      const rows = await findEnrichments(client, null, shown)
      return { model: configured, searchedBy, items: rows.map((row) => toEnrichmentView(row, Date.now())) }
    }),
  )

  const one = {
    summary: 'How far it is',
    params: enrichmentParams,
    response: { 200: enrichmentView },
  }
  app.get('/v1/enrichments/:id([^:/]+)', { schema: one, config: requires('read') }, (request) =>
    ask(pool, request, (client) => viewOf(client, request.params.id)),
  )

  const cancel = {
    summary: 'End it, and take back what it made; what has switched stays',
    params: enrichmentParams,
    response: { 200: enrichmentView },
  }
  app.post('/v1/enrichments/:id([^:/]+)::cancel', { schema: cancel, config: requires('write') }, (request) =>
    change(pool, request, async (client) => {
      const { id } = request.params
      const state = await cancelEnrichment(client, id)
      if (state === 'switching' || state === 'cleaning') {
        throw problem('refused', {
          detail: 'The items have switched already. Set the other model in the settings, and switch again.',
        })
      }
      return viewOf(client, id)
    }),
  )
}

async function weigh(
  pool: Pool,
  request: FastifyRequest,
  asked: EnrichmentRequest,
): Promise<EnrichmentResponse> {
  return ask(pool, request, async (client) => {
    const weighed = await (asked.kind === 'embed'
      ? weighVectors(client)
      : weighRun(client, asked.filter ?? {}))
    if (weighed === undefined) {
      throw problem('unavailable', { retryAfter: 5, detail: 'The enricher has not started yet.' })
    }
    const { searched_by: searchedBy } = await findEmbeddingModels(client)
    const open = (await findEnrichments(client, null, shown)).find(
      ({ kind, finished_at: at }) => kind === asked.kind && at === null,
    )
    const enrichment = open === undefined ? null : toEnrichmentView(open, Date.now())
    return { dryRun: true, ...weighed, searchedBy, enrichment }
  })
}

async function weighVectors(client: Client) {
  const weight = await weighEmbedding(client)
  return weight === undefined ? undefined : { model: weight.model, estimate: embeddingEstimate(weight) }
}

async function weighRun(client: Client, filter: EnrichmentFilter) {
  const weighed = await weighAnalyses(client, filter)
  return weighed === undefined ? undefined : { model: weighed.models.model, estimate: weighed.estimate }
}

/** One of a kind is enough: while it is under way, asking twice is asking once. */
function start(
  pool: Pool,
  request: FastifyRequest,
  asked: EnrichmentRequest,
  { items, present, unreadable }: EnrichmentResponse['estimate'],
) {
  const { keyId } = principalOf(request).credential
  const wanted = { id: uuidv7(), byKey: isUuid(keyId) ? keyId : null }
  return change(pool, request, async (client) => {
    if (asked.kind === 'embed') {
      const begun = await beginEmbedding(client, { ...wanted, items: items - present - unreadable })
      return viewOf(client, begun ?? wanted.id)
    }
    const filter = asked.filter ?? {}
    const begun = await beginAnalysis(client, { ...wanted, filter })
    if (begun === wanted.id) await addAllItems(client, begun, filter)
    return viewOf(client, begun ?? wanted.id)
  })
}

function change<T>(pool: Pool, request: FastifyRequest, work: (client: Client) => Promise<T>): Promise<T> {
  const { userId } = principalOf(request)
  return transaction(pool, { role: queryRole, userId }, work, { signal: request.signal })
}

async function viewOf(client: Client, id: string) {
  const [row] = await findEnrichments(client, id, 1)
  if (row === undefined) throw problem('notFound')
  return toEnrichmentView(row, Date.now())
}
