import { httpHeaders, relationParams, relationRequest, relationResponse } from '@synap/contracts'
import { relationIdOf } from '@synap/domain'
import { type App, principalOf, requires } from '@synap/http'
import type { WriteDependencies } from '../decide-and-append.ts'
import { answerChange } from './answer-change.ts'

const config = requires('write')

/** `/v1/relations`: what leads from one entity to another. */
export function registerRelationRoutes(app: App, dependencies: WriteDependencies): void {
  const create = {
    summary: 'Connect two entities',
    body: relationRequest,
    response: { 201: relationResponse },
  }
  app.post('/v1/relations', { schema: create, config }, async (request, reply) => {
    const { type, source, target } = request.body
    const relationId = relationIdOf(principalOf(request).userId, type, source, target)
    const numbers = await answerChange(dependencies, request, reply, {
      about: relationId,
      command: () => ({ kind: 'createRelation', relationId, type, source, target }),
    })
    reply.code(201).header(httpHeaders.location, `/v1/relations/${relationId}`)
    return numbers
  })

  const remove = {
    summary: 'Take a connection away',
    params: relationParams,
    response: { 200: relationResponse },
  }
  app.delete('/v1/relations/:id', { schema: remove, config }, async (request, reply) => {
    const { id: relationId } = request.params
    return answerChange(dependencies, request, reply, {
      about: relationId,
      command: () => ({ kind: 'deleteRelation', relationId }),
    })
  })
}
