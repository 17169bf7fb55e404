import { fastifyRateLimit } from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import { findPrincipal } from './access.ts'
import type { PressureLimits } from './pressure.ts'
import { problem } from './problem.ts'

export interface Limits extends PressureLimits {
  /** Requests per key and minute (per address without a key); 6,000 by default. Keys with `act:any` are not counted. */
  requestsPerMinute?: number
  /** Keys per address and minute that may be none; 600 by default. */
  failedKeysPerMinute?: number
}

/** Counts per key, so it runs after authentication: the plugin hooks into each route, behind the app's own hooks. */
export async function registerRateLimit(app: FastifyInstance, limits: Limits): Promise<void> {
  await app.register(fastifyRateLimit, {
    max: limits.requestsPerMinute ?? 6_000,
    timeWindow: 60_000,
    cache: 10_000,
    enableDraftSpec: true,
    keyGenerator: (request) => findPrincipal(request)?.credential.keyId ?? request.ip,
    allowList: (request) => findPrincipal(request)?.credential.scopes.includes('act:any') === true,
    errorResponseBuilder: (_request, { ttl }) => problem('rateLimited', { retryAfter: ttl / 1_000 }),
  })
}
