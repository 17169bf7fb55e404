import { fastifyRateLimit } from '@fastify/rate-limit'
import { fastifyUnderPressure } from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'
import { findPrincipal } from './access.ts'
import { problem } from './problem.ts'

export interface Limits {
  /** Requests per key and minute (per address without a key); 6,000 by default. Keys with `act:any` are not counted. */
  requestsPerMinute?: number
  /** Milliseconds the event loop may lag before requests are turned away; 1,000 by default. */
  maxEventLoopDelayMs?: number
  /** Bytes of heap in use before requests are turned away; no limit by default. */
  maxHeapBytes?: number
}

const busyRetrySeconds = 5

/** Turns requests away while the process itself is overloaded; to be registered before authentication. */
export async function registerPressureLimit(app: FastifyInstance, limits: Limits): Promise<void> {
  await app.register(fastifyUnderPressure, {
    maxEventLoopDelay: limits.maxEventLoopDelayMs ?? 1_000,
    ...(limits.maxHeapBytes === undefined ? {} : { maxHeapUsedBytes: limits.maxHeapBytes }),
    pressureHandler: async () => {
      throw problem('unavailable', { retryAfter: busyRetrySeconds, detail: 'The service is overloaded.' })
    },
  })
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
