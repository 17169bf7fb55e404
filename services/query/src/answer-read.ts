import { httpHeaders } from '@synap/contracts'
import { principalOf, problem } from '@synap/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type FreshnessParameters, freshnessOf } from './freshness.ts'
import type { ReadModel, Snapshot } from './read-model.ts'
import type { Position } from './sql/find-position.ts'

/** Sequences named in the header at most; more of them say nothing more. */
const namedParked = 100

/**
 * Serves a read: as fresh as the request asks, for the request's user, and with the headers that every answer of query
 * carries, refusals included. `waited`: this request has waited in an earlier read;
 * `minSequence`: what it asks for by other means.
 */
export function answerRead<T>(
  readModel: ReadModel,
  request: FastifyRequest,
  reply: FastifyReply,
  work: (snapshot: Snapshot) => Promise<T>,
  options: { waited?: boolean; minSequence?: number } = {},
): Promise<T> {
  const asked = freshnessOf(request.query as FreshnessParameters, request.headers)
  const minSequence = Math.max(asked.minSequence, options.minSequence ?? 0)
  const freshness = { ...asked, minSequence, waitMs: options.waited === true ? 0 : asked.waitMs }
  const { userId } = principalOf(request)
  return readModel.read({ userId, freshness, signal: request.signal }, work, (position) =>
    tellPosition(reply, position),
  )
}

function tellPosition(reply: FastifyReply, { seen, parked }: Position): void {
  reply.header(httpHeaders.sequence, String(seen))
  if (parked.length === 0) return
  const sequences = parked.slice(0, namedParked).map(({ sequence }) => sequence)
  reply.header(httpHeaders.parked, sequences.join(', '))
}

/**
 * Refuses a read of an aggregate of which an event could not be applied: what is stored is older than what was accepted,
 * and waiting does not help. With `stale=allow` it is answered all the same.
 */
export function refuseParked(snapshot: Snapshot, aggregateId: string, request: FastifyRequest): void {
  const parked = snapshot.position.parked.find((slot) => slot.aggregateId === aggregateId)
  if (parked === undefined || (request.query as FreshnessParameters).stale === 'allow') return
  const { reason, sequence } = parked
  throw problem('parked', { retryAfter: 60, extensions: { reason, sequence } })
}
