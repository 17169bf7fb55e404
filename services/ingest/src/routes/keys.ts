import type { Scope } from '@synap/auth'
import { createKeyRequest, createKeyResponse, keyList, keyParams, keyView } from '@synap/contracts'
import { type App, principalOf, problem, requires } from '@synap/http'
import type { Pool } from '@synap/postgres'
import { z } from 'zod'
import { findKey, issueKey, listKeys, revokeKey } from '../api-keys.ts'

/** `/v1/keys`: API keys of the user of the request. */
export function registerKeyRoutes(app: App, pool: Pool): void {
  const config = requires('admin')
  app.post(
    '/v1/keys',
    {
      schema: {
        summary: 'Make an API key; it is told once',
        body: createKeyRequest,
        response: { 201: createKeyResponse },
      },
      config,
    },
    async (request, reply) => {
      const { userId, credential } = principalOf(request)
      refuseMoreScopes(request.body.scopes, credential.scopes)
      const answer = await issueKey(pool, userId, request.body)
      reply.code(201).header('cache-control', 'no-store')
      return answer
    },
  )
  app.get(
    '/v1/keys',
    { schema: { summary: 'API keys, newest first', response: { 200: keyList } }, config },
    async (request) => ({ items: await listKeys(pool, principalOf(request).userId) }),
  )
  app.get(
    '/v1/keys/current',
    {
      schema: { summary: 'The API key of this request', response: { 200: keyView } },
      config: requires(),
    },
    async (request) => {
      const { credential } = principalOf(request)
      const key = await findKey(pool, credential.userId, credential.keyId)
      if (key === undefined) throw problem('notFound')
      return key
    },
  )
  app.delete(
    '/v1/keys/:id',
    { schema: { summary: 'Revoke an API key', params: keyParams, response: { 204: z.null() } }, config },
    async (request, reply) => {
      const found = await revokeKey(pool, principalOf(request).userId, request.params.id)
      if (!found) throw problem('notFound')
      return reply.code(204).send(null)
    },
  )
}

/** Nobody hands on more than they have: otherwise every `admin` of one account could make a key that acts for any. */
function refuseMoreScopes(asked: readonly Scope[], own: readonly Scope[]): void {
  const beyond = asked.filter((scope) => !own.includes(scope))
  if (beyond.length === 0) return
  throw problem('forbidden', {
    detail: `This credential does not have the scope ${beyond.join(', ')} itself.`,
  })
}
