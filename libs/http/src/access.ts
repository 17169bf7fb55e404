import type { Scope } from '@synap/contracts'
import { isUuid, type UserId } from '@synap/core'
import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify'
import { createFailedKeys, type FailedKeys } from './failed-keys.ts'
import { problem } from './problem.ts'

/** Who a key belongs to and what it may do. */
export interface RequestCredential {
  userId: UserId
  keyId: string
  scopes: readonly Scope[]
}

/**
 * Looks a bearer token up: undefined when it is unknown, expired or revoked; rejects with class dependency when that
 * cannot be told.
 */
export type Authenticate = (token: string, signal: AbortSignal) => Promise<RequestCredential | undefined>

/** As whom a request is served. */
export interface RequestPrincipal {
  credential: RequestCredential
  /** The credential's user or, with the scope `act:any`, the one in the header `Synap-User`. */
  userId: UserId
}

type Access = { open: true } | { scopes: readonly Scope[] }

const accessKey = 'synapAccess'
const principals = new WeakMap<FastifyRequest, RequestPrincipal>()
// RFC 6750, 2.1; the upper bound keeps a monstrous token out of hashes and logs.
const bearer = /^Bearer ([A-Za-z0-9._~+/-]{1,4096}=*)$/i

/** For a route's `config`: the scopes that a credential must have, all of them. */
export function requires(...scopes: Scope[]): FastifyContextConfig {
  return { [accessKey]: { scopes } satisfies Access } as FastifyContextConfig
}

/** For a route's `config`: anybody may call it. */
export function open(): FastifyContextConfig {
  return { [accessKey]: { open: true } satisfies Access } as FastifyContextConfig
}

/** The scopes of a route, undefined for an open one. */
export function accessOf(config: object | undefined): Access | undefined {
  return (config as Record<string, Access> | undefined)?.[accessKey]
}

/** As whom this request is served; a bug on a route that is open. */
export function principalOf(request: FastifyRequest): RequestPrincipal {
  const principal = principals.get(request)
  if (principal === undefined) throw new TypeError('an open route has no principal')
  return principal
}

export function findPrincipal(request: FastifyRequest): RequestPrincipal | undefined {
  return principals.get(request)
}

/**
 * Makes every route say who may call it (one that does not, cannot be registered), and every request show a credential
 * that may, before its body is read. An address from which more than `failedKeysPerMinute` keys came that are none gets
 * 429 without a look at the next.
 */
export function registerAccess(
  app: FastifyInstance,
  { authenticate, failedKeysPerMinute = 600 }: { authenticate: Authenticate; failedKeysPerMinute?: number },
): void {
  const failedKeys = createFailedKeys(failedKeysPerMinute)
  app.addHook('onRoute', (route) => {
    if (accessOf(route.config) === undefined) {
      throw new TypeError(`the route ${String(route.method)} ${route.url} does not say who may call it`)
    }
  })
  app.addHook('onRequest', async (request) => {
    const access = accessOf(request.routeOptions.config)
    if (request.is404 || access === undefined || 'open' in access) return
    const credential = await authenticated(request, authenticate, failedKeys)
    for (const scope of access.scopes) {
      if (!credential.scopes.includes(scope))
        throw problem('forbidden', { detail: `The scope ${scope} is needed.` })
    }
    principals.set(request, { credential, userId: actingUser(request, credential) })
  })
}

async function authenticated(
  request: FastifyRequest,
  authenticate: Authenticate,
  failedKeys: FailedKeys,
): Promise<RequestCredential> {
  const token = bearer.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) throw problem('unauthenticated')
  const retryAfter = failedKeys.waitSeconds(request.ip, token)
  if (retryAfter !== undefined) throw problem('rateLimited', { retryAfter })
  const credential = await authenticate(token, request.signal)
  if (credential === undefined) {
    failedKeys.noteFailed(request.ip)
    throw problem('unauthenticated')
  }
  failedKeys.noteGood(token)
  return credential
}

function actingUser(request: FastifyRequest, credential: RequestCredential): UserId {
  const header = request.headers['synap-user']
  if (header === undefined) return credential.userId
  if (!credential.scopes.includes('act:any')) {
    throw problem('forbidden', { detail: 'The scope act:any is needed to act for a user.' })
  }
  if (typeof header !== 'string' || !isUuid(header)) {
    throw problem('validation', { errors: [{ path: 'headers.synap-user', message: 'must be a UUID' }] })
  }
  return header as UserId
}
