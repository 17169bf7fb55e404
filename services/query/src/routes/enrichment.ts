import {
  type EnrichmentRetryResponse,
  enrichmentBudget,
  enrichmentBudgetParams,
  enrichmentPauseRequest,
  enrichmentPauseResponse,
  enrichmentQuery,
  enrichmentResumeRequest,
  enrichmentRetryRequest,
  enrichmentRetryResponse,
  enrichmentStatus,
} from '@synap/contracts'
import { isUuid, type UserId } from '@synap/core'
import { type App, principalOf, problem, requires } from '@synap/http'
import { type Client, operatorRole, type Pool, queryRole, transaction } from '@synap/postgres'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { findEmbeddingView } from '../embedding-view.ts'
import { nanosOf, toEnrichmentStatus, toPause } from '../enrichment-view.ts'
import {
  type Asker,
  type ControlRow,
  deleteBudget,
  deleteOwnPauses,
  deletePauses,
  findControl,
  findOwnControl,
  insertOwnPause,
  insertPause,
  markOwnRetry,
  markRetry,
  type RetryRow,
  upsertBudget,
} from '../sql/enrichment.ts'

/** Rows of one transaction: workers that want them wait meanwhile. */
const markedAtOnce = 500
const countedAtOnce = 2_147_483_647
/** What one may do with one's own, the handler says; with what is others', operators may. */
const config = requires()

/** Whose enrichment a request is about. */
type Whose = { kind: 'own' } | { kind: 'user'; user: UserId } | { kind: 'all' }

/**
 * `/v1/enrichment`: what it costs, what holds it back, and what is tried again. The rows are the enricher's, which acts on
 * what is marked.
 */
export function registerEnrichment(app: App, { pool }: { pool: Pool }): void {
  const run = <T>(
    request: FastifyRequest,
    whose: Whose,
    work: (client: Client) => Promise<T>,
  ): Promise<T> => {
    const principal =
      whose.kind === 'own' ? { role: queryRole, userId: principalOf(request).userId } : { role: operatorRole }
    return transaction(pool, principal, work, { signal: request.signal })
  }
  registerStatus(app, run)
  registerRetry(app, run)
  registerPauses(app, run)
  registerBudgets(app, run)
}

type Run = <T>(request: FastifyRequest, whose: Whose, work: (client: Client) => Promise<T>) => Promise<T>

/** Checks that the credential may do that, too. */
function whoseOf(
  request: FastifyRequest,
  { user, all }: { user?: UserId | undefined; all?: unknown },
  own: 'read' | 'write',
): Whose {
  const { scopes } = principalOf(request).credential
  const isOwn = user === undefined && all === undefined
  const needed = isOwn ? own : 'operate'
  if (!scopes.includes(needed)) throw problem('forbidden', { detail: `The scope ${needed} is needed.` })
  if (isOwn) return { kind: 'own' }
  return user === undefined ? { kind: 'all' } : { kind: 'user', user }
}

function askerOf(request: FastifyRequest): Asker {
  const { userId, keyId } = principalOf(request).credential
  return { userId, keyId: isUuid(keyId) ? keyId : null }
}

function registerStatus(app: App, run: Run): void {
  const schema = {
    summary: 'What enrichment costs, what it may cost, what holds it back and what waits',
    querystring: enrichmentQuery,
    response: { 200: enrichmentStatus },
  }
  app.get('/v1/enrichment', { schema, config }, async (request) => {
    const whose = whoseOf(request, request.query, 'read')
    const user =
      whose.kind === 'own' ? principalOf(request).userId : whose.kind === 'user' ? whose.user : null
    return run(request, whose, async (client) => {
      const embedding = whose.kind === 'own' ? await findEmbeddingView(client) : null
      return toEnrichmentStatus(user, await controlOf(client, whose), embedding)
    })
  })
}

async function controlOf(client: Client, whose: Whose): Promise<ControlRow> {
  const row =
    whose.kind === 'own'
      ? await findOwnControl(client)
      : await findControl(client, whose.kind === 'user' ? whose.user : null)
  if (row === undefined) throw problem('notFound')
  return row
}

function registerRetry(app: App, run: Run): void {
  const schema = {
    summary: 'Try again what was given up or waits for its next try: one item, of one reason, or all',
    body: enrichmentRetryRequest.nullish(),
    response: { 200: enrichmentRetryResponse },
  }
  app.post('/v1/enrichment::retry', { schema, config }, async (request) => {
    const { entity = null, reason = null, dryRun = false, ...rest } = request.body ?? {}
    const whose = whoseOf(request, rest, 'write')
    const by = askerOf(request)
    const mark = (most: number, dry: boolean) =>
      run(request, whose, (client) =>
        whose.kind === 'own'
          ? markOwnRetry(client, { entity, reason }, { most, dryRun: dry }, by)
          : markRetry(
              client,
              { user: whose.kind === 'user' ? whose.user : null, entity, reason },
              { most, dryRun: dry },
              by,
            ),
      )
    const found = await mark(countedAtOnce, true)
    if (dryRun) return answerOf(found, true)
    const marked = await markAll(sum(found), () => mark(markedAtOnce, false))
    request.log.info({ whose, entity, reason, steps: sum(marked), ...by }, 'enrichment is tried again')
    return answerOf(marked, false)
  })
}

/** Page by page, and no more than there was to begin with: what fails again meanwhile is not marked again. */
async function markAll(most: number, markSome: () => Promise<RetryRow[]>): Promise<RetryRow[]> {
  const total = new Map<string, RetryRow>()
  for (let marked = 0; marked < most; ) {
    const some = await markSome()
    if (some.length === 0) break
    marked += sum(some)
    for (const row of some) {
      const key = `${row.step}/${row.reason}`
      total.set(key, { ...row, items: row.items + (total.get(key)?.items ?? 0) })
    }
  }
  return [...total.values()].sort((a, b) => b.items - a.items || a.step.localeCompare(b.step))
}

const sum = (rows: readonly RetryRow[]) => rows.reduce((total, { items }) => total + items, 0)

function answerOf(byReason: RetryRow[], dryRun: boolean): EnrichmentRetryResponse {
  return { dryRun, steps: sum(byReason), byReason }
}

function registerPauses(app: App, run: Run): void {
  const response = { 200: enrichmentPauseResponse }
  const answer = async (client: Client, whose: Whose, changed: number) => ({
    changed,
    paused: (await controlOf(client, whose)).pauses.map(toPause),
  })
  const pause = {
    summary: 'Hold calls of models back; text is read and searchable all the same',
    body: enrichmentPauseRequest.nullish(),
    response,
  }
  app.post('/v1/enrichment::pause', { schema: pause, config }, async (request) => {
    const { kind = 'all', why = null, ...rest } = request.body ?? {}
    const whose = whoseOf(request, rest, 'write')
    const by = askerOf(request)
    request.log.info({ whose, kind, ...by }, 'enrichment is paused')
    return run(request, whose, async (client) => {
      const made =
        whose.kind === 'own'
          ? await insertOwnPause(client, { kind, why }, by)
          : await insertPause(client, { user: whose.kind === 'user' ? whose.user : null, kind, why }, by)
      return answer(client, whose, made ? 1 : 0)
    })
  })
  const resume = {
    summary: 'Let calls of models go on; a pause that an operator made needs an operator',
    body: enrichmentResumeRequest.nullish(),
    response,
  }
  app.post('/v1/enrichment::resume', { schema: resume, config }, async (request) => {
    const { kind = null, ...rest } = request.body ?? {}
    const whose = whoseOf(request, rest, 'write')
    request.log.info({ whose, kind, ...askerOf(request) }, 'enrichment is resumed')
    return run(request, whose, async (client) => {
      const lifted =
        whose.kind === 'own'
          ? await deleteOwnPauses(client, kind)
          : await deletePauses(client, { user: whose.kind === 'user' ? whose.user : null, kind })
      return answer(client, whose, lifted)
    })
  })
}

function registerBudgets(app: App, run: Run): void {
  const path = '/v1/enrichment/budgets/:user'
  const operators = requires('operate')
  const put = {
    summary: 'Give a user a budget of their own, in place of the limits for each user',
    params: enrichmentBudgetParams,
    body: enrichmentBudget,
    response: { 200: enrichmentStatus },
  }
  app.put(path, { schema: put, config: operators }, async (request) => {
    const { user } = request.params
    const { calls, tokens, cost } = request.body
    const whose = { kind: 'user', user } as const
    return run(request, whose, async (client) => {
      await upsertBudget(client, user, { calls, tokens, costNanos: nanosOf(cost) }, askerOf(request))
      return toEnrichmentStatus(user, await controlOf(client, whose), null)
    })
  })
  const drop = {
    summary: 'Take a user’s own budget away: the limits for each user hold again',
    params: enrichmentBudgetParams,
    response: { 204: z.null() },
  }
  app.delete(path, { schema: drop, config: operators }, async (request, reply) => {
    const { user } = request.params
    await run(request, { kind: 'user', user }, (client) => deleteBudget(client, user))
    return reply.code(204).send(null)
  })
}
