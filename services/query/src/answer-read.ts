import { httpHeaders } from '@synap/contracts'
import type { AggregateId } from '@synap/core'
import { principalOf } from '@synap/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type FreshnessParameters, freshnessOf } from './freshness.ts'
import type { Place, ReadModel, ReadRequest, Snapshot } from './read-model.ts'
import type { Position } from './sql/find-position.ts'

/** Sequences named in the header at most; more of them say nothing more. */
const namedParked = 100

export interface AnswerOptions {
  /** This request has waited in an earlier read. */
  waited?: boolean
  /** What it asks for by other means. */
  minSequence?: number
  /** The one aggregate that is read, refused while an event of it is parked, but with `stale=allow`. */
  aggregateId?: AggregateId
  /** See `TransactionOptions`. */
  genericPlans?: boolean
  /** See `ReadRequest`; of what is read ahead. */
  asksAtOnce?: boolean
}

/**
 * Serves a read: as fresh as the request asks, for the request's user, and with the headers that every answer of query
 * carries, refusals included.
 */
export function answerRead<T>(
  readModel: ReadModel,
  request: FastifyRequest,
  reply: FastifyReply,
  work: (snapshot: Snapshot) => Promise<T>,
  options: AnswerOptions = {},
): Promise<T> {
  return readModel.read(toRead(request, options), work, (position) => tellPosition(reply, position))
}

/** As `answerRead`, by `ReadModel.readAhead`. */
export function answerReadAhead<T>(
  readModel: ReadModel,
  request: FastifyRequest,
  reply: FastifyReply,
  work: (place: Place) => Promise<T>,
  options: AnswerOptions = {},
): Promise<T> {
  return readModel.readAhead(toRead(request, options), work, (position) => tellPosition(reply, position))
}

function toRead(request: FastifyRequest, options: AnswerOptions): ReadRequest {
  const asked = freshnessOf(request.query as FreshnessParameters, request.headers)
  const minSequence = Math.max(asked.minSequence, options.minSequence ?? 0)
  const freshness = { ...asked, minSequence, waitMs: options.waited === true ? 0 : asked.waitMs }
  const { userId } = principalOf(request)
  const { aggregateId, genericPlans = false, asksAtOnce = false } = options
  return { userId, freshness, aggregateId, genericPlans, asksAtOnce, signal: request.signal }
}

function tellPosition(reply: FastifyReply, { seen, parked }: Position): void {
  reply.header(httpHeaders.sequence, String(seen))
  // What was parked at the beginning of a wait may be applied at its end.
  reply.removeHeader(httpHeaders.parked)
  if (parked.length === 0) return
  const sequences = parked.slice(0, namedParked).map(({ sequence }) => sequence)
  reply.header(httpHeaders.parked, sequences.join(', '))
}
