import { type Authenticate, principalOf } from '@synap/http'
import type { FastifyRequest } from 'fastify'

/**
 * Whether the credential of a request that goes on for long still allows it, looked up again once `everyMs` have passed.
 * False too when that cannot be told any more: who comes again is told why.
 */
export function createStillAllowed(
  request: FastifyRequest,
  authenticate: Authenticate,
  everyMs: number,
  signal: AbortSignal,
): () => Promise<boolean> {
  const { credential, userId } = principalOf(request)
  const token = (request.headers.authorization ?? '').replace(/^Bearer /i, '')
  let lookedAt = performance.now()
  return async () => {
    if (performance.now() - lookedAt < everyMs) return true
    lookedAt = performance.now()
    const now = await authenticate(token, signal).catch(() => undefined)
    if (now === undefined || !now.scopes.includes('read')) return false
    return userId === credential.userId || now.scopes.includes('act:any')
  }
}
