import { httpHeaders, idempotencyKey } from '@synap/contracts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { accessOf } from './access.ts'
import { refuseHostileText } from './json-body.ts'
import { problem } from './problem.ts'

/** Refuses, on every route and before its own schemas look, what no handler should have to think of. */
export function refuseStrangeInput(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    const encoding = request.headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity') {
      throw problem('unsupportedMediaType', { detail: 'Compressed bodies are not read.' })
    }
  })
  app.addHook('preValidation', async (request) => {
    refuseBadKey(request.headers[httpHeaders.idempotencyKey])
    refuseBadEncoding(request)
    refuseHostileText(request.params, 'params')
    refuseHostileText(request.query, 'query')
    refuseUnknownQuery(request)
    refuseNoBody(request)
  })
}

/** On every call, also on one that takes no notice of it: nobody should believe that such a key was kept. */
function refuseBadKey(header: string | string[] | undefined): void {
  if (header === undefined) return
  const message = idempotencyKey.safeParse(header).error?.issues[0]?.message
  if (message !== undefined) {
    throw problem('validation', { errors: [{ path: `headers.${httpHeaders.idempotencyKey}`, message }] })
  }
}

/** fastify takes what it cannot decode as it stands, percent signs and all: something else than was meant would be looked for. */
function refuseBadEncoding({ url }: FastifyRequest): void {
  const query = url.indexOf('?')
  if (query === -1 || !url.includes('%', query)) return
  try {
    decodeURIComponent(url.slice(query))
  } catch {
    throw problem('malformed', { detail: 'The query is not percent-encoded UTF-8.' })
  }
}

/** A route that says nothing of a query takes none. */
function refuseUnknownQuery({ routeOptions, query }: FastifyRequest): void {
  const access = accessOf(routeOptions.config)
  if (access === undefined || 'open' in access || routeOptions.schema?.querystring !== undefined) return
  const [name] = Object.keys(query as object)
  if (name === undefined) return
  const path = `query.${name.replace(/[^\w.-]/g, '\u{fffd}').slice(0, 200)}`
  throw problem('validation', { errors: [{ path, message: 'is not known' }] })
}

/** fastify (5.12) validates a body by its media type only when there is one: a request without either went through. */
function refuseNoBody({ routeOptions, headers, body }: FastifyRequest): void {
  const schema = routeOptions.schema?.body as { content?: unknown } | undefined
  if (schema?.content === undefined || headers['content-type'] !== undefined || body !== undefined) return
  throw problem('malformed', { detail: 'The body is empty.' })
}
