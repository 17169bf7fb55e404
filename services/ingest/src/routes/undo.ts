import {
  changeResponse,
  entityParams,
  relationParams,
  relationResponse,
  undoRequest,
  userResponse,
} from '@synap/contracts'
import type { AggregateId } from '@synap/core'
import { type App, principalOf, requires } from '@synap/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { WriteDependencies } from '../decide-and-append.ts'
import { undoOf } from '../undo-of.ts'
import { answerChange } from './answer-change.ts'

const config = requires('write')
const summary = 'Take an event back, or hear why not'

/** `…:undo`, of an entity, a relation, and of the user's tags and settings. */
export function registerUndoRoutes(app: App, dependencies: WriteDependencies): void {
  const undo = <Id extends AggregateId>(request: FastifyRequest, reply: FastifyReply, about: Id) => {
    const { event } = undoRequest.parse(request.body)
    const { userId } = principalOf(request)
    return answerChange(dependencies, request, reply, {
      about,
      command: () => undoOf(dependencies.pool, { userId, aggregateId: about, eventId: event }),
    })
  }
  const body = undoRequest
  app.post(
    '/v1/entities/:id([^:/]+)::undo',
    { schema: { summary, params: entityParams, body, response: { 200: changeResponse } }, config },
    (request, reply) => undo(request, reply, request.params.id),
  )
  app.post(
    '/v1/relations/:id([^:/]+)::undo',
    { schema: { summary, params: relationParams, body, response: { 200: relationResponse } }, config },
    (request, reply) => undo(request, reply, request.params.id),
  )
  app.post(
    '/v1/me::undo',
    { schema: { summary, body, response: { 200: userResponse } }, config },
    (request, reply) => undo(request, reply, principalOf(request).userId),
  )
}
