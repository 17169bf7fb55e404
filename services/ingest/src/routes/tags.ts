import {
  changeResponse,
  entityTagParams,
  tagMergeRequest,
  tagParams,
  tagPatchRequest,
  userResponse,
} from '@synap/contracts'
import { type App, principalOf, requires } from '@synap/http'
import type { WriteDependencies } from '../decide-and-append.ts'
import { readTags } from '../read-tags.ts'
import { answerChange } from './answer-change.ts'

const config = requires('write')

/** Tags of an entity, by name; tags of the user, by id. */
export function registerTagRoutes(app: App, dependencies: WriteDependencies): void {
  registerEntityTags(app, dependencies)
  registerUserTags(app, dependencies)
}

const kinds = [
  { kind: 'putTag', method: 'PUT', summary: 'Put a tag on an entity; it is made when it is new' },
  { kind: 'deleteTag', method: 'DELETE', summary: 'Take a tag off an entity' },
] as const

function registerEntityTags(app: App, dependencies: WriteDependencies): void {
  for (const { kind, method, summary } of kinds) {
    app.route({
      method,
      url: '/v1/entities/:id/tags/:name',
      schema: { summary, params: entityTagParams, response: { 200: changeResponse } },
      config,
      handler: async (request, reply) => {
        const { id: entityId, name } = entityTagParams.parse(request.params)
        const { userId } = principalOf(request)
        return answerChange(dependencies, request, reply, {
          about: entityId,
          command: async () => {
            const { idOf } = await readTags(dependencies.pool, userId, { names: [name] })
            return { kind, entityId, userId, tag: { id: idOf(name), name } }
          },
        })
      },
    })
  }
}

function registerUserTags(app: App, dependencies: WriteDependencies): void {
  const patch = {
    summary: 'Rename or recolour a tag, on every entity that has it',
    params: tagParams,
    body: tagPatchRequest,
    response: { 200: userResponse },
  }
  app.patch('/v1/tags/:id', { schema: patch, config }, async (request, reply) => {
    const { id: tagId } = request.params
    const { name, color } = request.body
    const { userId } = principalOf(request)
    return answerChange(dependencies, request, reply, {
      about: userId,
      command: async () => {
        const names = name === undefined ? [] : [name]
        const { tagOf, holderOf } = await readTags(dependencies.pool, userId, { names, ids: [tagId] })
        const holder = name === undefined ? undefined : holderOf(name)
        return { kind: 'changeTag', userId, tagId, current: tagOf(tagId), name, holder, color }
      },
    })
  })

  const merge = {
    summary: 'Make a tag another one, on every entity; nothing takes it back',
    params: tagParams,
    body: tagMergeRequest,
    response: { 200: userResponse },
  }
  app.post('/v1/tags/:id([^:/]+)::merge', { schema: merge, config }, async (request, reply) => {
    const { id: tagId } = request.params
    const { into: intoId } = request.body
    const { userId } = principalOf(request)
    return answerChange(dependencies, request, reply, {
      about: userId,
      command: async () => {
        const { tagOf } = await readTags(dependencies.pool, userId, { ids: [tagId, intoId] })
        return { kind: 'mergeTag', userId, tagId, current: tagOf(tagId), intoId, into: tagOf(intoId) }
      },
    })
  })
}
