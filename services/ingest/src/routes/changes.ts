import {
  changeResponse,
  enricherVersion,
  enrichRequest,
  entityParams,
  patchRequest,
  settingsRequest,
  suggestionParams,
  suggestionRequest,
  userResponse,
} from '@synap/contracts'
import { type AnalysisId, type EntityId, type UserId, uuidv7 } from '@synap/core'
import {
  analysisIdOf,
  type EntityState,
  type Refused,
  type RequestAnalysis,
  subjectHash,
} from '@synap/domain'
import { type App, principalOf, requires } from '@synap/http'
import type { WriteDependencies } from '../decide-and-append.ts'
import { readAggregates } from '../read-aggregates.ts'
import { readTags } from '../read-tags.ts'
import { answerChange } from './answer-change.ts'

const config = requires('write')

/** What changes one entity, and the settings of the user. */
export function registerChangeRoutes(app: App, dependencies: WriteDependencies): void {
  registerPatch(app, dependencies)
  registerLife(app, dependencies)
  registerSuggestions(app, dependencies)
  registerEnrich(app, dependencies)
  registerMe(app, dependencies)
}

function registerPatch(app: App, dependencies: WriteDependencies): void {
  const schema = {
    summary: 'Change title, type, particulars of a task, metadata',
    params: entityParams,
    body: patchRequest,
    response: { 200: changeResponse },
  }
  app.patch('/v1/entities/:id', { schema, config }, async (request, reply) => {
    const { id: entityId } = request.params
    return answerChange(dependencies, request, reply, {
      about: entityId,
      command: () => ({ kind: 'patch', entityId, ...request.body }),
    })
  })
}

const lives = [
  { kind: 'delete', method: 'DELETE', verb: '', summary: 'Hide an entity; it can be restored' },
  { kind: 'restore', method: 'POST', verb: '::restore', summary: 'Bring a deleted entity back' },
  {
    kind: 'purge',
    method: 'POST',
    verb: '::purge',
    summary: 'Remove an entity and its content for good; nothing brings it back',
  },
] as const

function registerLife(app: App, dependencies: WriteDependencies): void {
  for (const { kind, method, verb, summary } of lives) {
    const url = verb === '' ? '/v1/entities/:id' : `/v1/entities/:id([^:/]+)${verb}`
    const schema = { summary, params: entityParams, response: { 200: changeResponse } }
    app.route({
      method,
      url,
      schema,
      config,
      handler: async (request, reply) => {
        const { id: entityId } = request.params
        return answerChange(dependencies, request, reply, {
          about: entityId,
          command: () => ({ kind, entityId }),
        })
      },
    })
  }
}

function registerSuggestions(app: App, dependencies: WriteDependencies): void {
  const of = (summary: string) => ({
    summary,
    params: suggestionParams,
    body: suggestionRequest.nullish(),
    response: { 200: changeResponse },
  })
  const path = '/v1/entities/:id/suggestions/:field([^:/]+)'
  app.post(
    `${path}::accept`,
    { schema: of('Take what AI proposed for a field'), config },
    async (request, reply) => {
      const { id: entityId, field } = request.params
      const value = request.body?.value
      const { userId } = principalOf(request)
      return answerChange(dependencies, request, reply, {
        about: entityId,
        command: async () => {
          const names = field === 'tag' ? await proposedTags(dependencies, userId, entityId) : []
          const { idOf } = await readTags(dependencies.pool, userId, { names })
          return { kind: 'acceptSuggestion', entityId, userId, field, value, idOf }
        },
      })
    },
  )
  app.post(
    `${path}::reject`,
    { schema: of('Never propose this for a field again'), config },
    async (request, reply) => {
      const { id: entityId, field } = request.params
      const value = request.body?.value
      return answerChange(dependencies, request, reply, {
        about: entityId,
        command: () => ({ kind: 'rejectSuggestion', entityId, field, value }),
      })
    },
  )
}

async function proposedTags(
  { pool }: WriteDependencies,
  userId: UserId,
  entityId: EntityId,
): Promise<string[]> {
  const entity = await readEntity(pool, userId, entityId)
  return (entity?.suggestions ?? []).filter(({ field }) => field === 'tag').map(({ value }) => value)
}

function registerEnrich(app: App, dependencies: WriteDependencies): void {
  const schema = {
    summary: 'Ask for one more analysis of what is there now',
    params: entityParams,
    body: enrichRequest.nullish(),
    response: { 202: changeResponse },
  }
  app.post('/v1/entities/:id([^:/]+)::enrich', { schema, config }, async (request, reply) => {
    const { id: entityId } = request.params
    const { userId } = principalOf(request)
    const version = request.body?.enricherVersion ?? enricherVersion
    const numbers = await answerChange(dependencies, request, reply, {
      about: entityId,
      command: async () =>
        analysisOf(await readEntity(dependencies.pool, userId, entityId), entityId, version),
    })
    reply.code(202)
    return numbers
  })
}

/** Of an entity that is not there, or says nothing, any analysis: the decision refuses it. */
function analysisOf(
  entity: EntityState | undefined,
  entityId: EntityId,
  version: string,
): RequestAnalysis | Refused {
  const hash = entity === undefined ? undefined : subjectHash(entity)
  const analysisId = hash === undefined ? (uuidv7() as AnalysisId) : analysisIdOf(entityId, hash, version)
  return { kind: 'requestAnalysis', entityId, analysisId, enricherVersion: version }
}

async function readEntity(
  pool: WriteDependencies['pool'],
  userId: UserId,
  entityId: EntityId,
): Promise<EntityState | undefined> {
  const state = (await readAggregates(pool, userId, [entityId])).get(entityId)
  return state?.aggregate === 'entity' ? state : undefined
}

function registerMe(app: App, dependencies: WriteDependencies): void {
  const schema = {
    summary: 'Set the time zone and the language of the user',
    body: settingsRequest,
    response: { 200: userResponse },
  }
  app.patch('/v1/me', { schema, config }, async (request, reply) => {
    const { userId } = principalOf(request)
    return answerChange(dependencies, request, reply, {
      about: userId,
      command: () => ({ kind: 'changeSettings', userId, ...request.body }),
    })
  })
}
