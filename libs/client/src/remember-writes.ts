import type { UserId } from '@synap/core'
import type { Transport } from './transport.ts'

/**
 * Read your writes: of every user that this client writes for, the highest sequence that an answer told is asked for by
 * the reads that come after, unless they say themselves what they want.
 */
export function rememberWrites(call: Transport, ownUser: UserId | undefined): Transport {
  const written = new Map<UserId | undefined, number>()
  return async (request, read) => {
    const user = request.actFor ?? ownUser
    if (request.waits !== true) {
      const answer = await call(request, read)
      if (request.method !== 'GET') {
        written.set(user, Math.max(written.get(user) ?? 0, sequenceOf(answer)))
      }
      return answer
    }
    const sequence = written.get(user) ?? 0
    const { searchParams } = request.url
    if (sequence === 0 || searchParams.has('min_sequence') || searchParams.has('as_of')) {
      return call(request, read)
    }
    const url = new URL(request.url)
    url.searchParams.set('min_sequence', String(sequence))
    return call({ ...request, url }, read)
  }
}

/** The newest sequence in the answer to a write; 0 where it tells none. */
function sequenceOf(answer: unknown): number {
  if (typeof answer !== 'object' || answer === null) return 0
  const { sequence, items } = answer as { sequence?: unknown; items?: unknown }
  const own = typeof sequence === 'number' ? sequence : 0
  return Array.isArray(items) ? Math.max(own, ...items.map(sequenceOf)) : own
}
