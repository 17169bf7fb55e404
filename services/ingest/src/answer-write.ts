import { httpHeaders } from '@synap/contracts'
import { assertNever } from '@synap/core'
import type { Refused } from '@synap/domain'
import { etagOf, type ProblemError, problem } from '@synap/http'
import type { FastifyReply } from 'fastify'
import type { WriteOutcome, WriteRefusal } from './decide-and-append.ts'
import type { Effect } from './stored-result.ts'

/** The effect, with the headers every write answers with; any other outcome is thrown as its problem. */
export function effectOrThrow(reply: FastifyReply, outcome: WriteOutcome): Effect {
  const effect = batchEffectOrThrow(reply, outcome)
  reply.header(httpHeaders.etag, etagOf(effect.version))
  return effect
}

/** As `effectOrThrow`, for a write of many aggregates: there is no version of the whole. */
export function batchEffectOrThrow(reply: FastifyReply, outcome: WriteOutcome): Effect {
  if (outcome.outcome !== 'done') throw problemOf(outcome)
  if (outcome.effect.replayed) reply.header(httpHeaders.idempotencyReplayed, 'true')
  return outcome.effect
}

function problemOf(refusal: WriteRefusal): ProblemError {
  switch (refusal.outcome) {
    case 'in_flight':
      return problem('idempotencyInFlight', { retryAfter: refusal.retryAfterMs / 1_000 })
    case 'mismatch':
      return problem('idempotencyMismatch')
    case 'conflict':
      return problem('conflict', { extensions: { currentVersion: refusal.currentVersion }, retryAfter: 1 })
    case 'refused':
      return refusedProblem(refusal)
    default:
      return assertNever(refusal)
  }
}

/** An item that is not there says nothing of itself, so that another user's is answered the same. */
function refusedProblem({ code, message }: Refused): ProblemError {
  if (code === 'entity.not_found') return problem('notFound')
  const kind = code.endsWith('not_found') && code !== 'relation.end_not_found' ? 'notFound' : 'refused'
  return problem(kind, { detail: message, extensions: { code } })
}

/** The answer to a change whose `If-Match` names another version. */
export function staleVersion(currentVersion: number): ProblemError {
  return problem('preconditionFailed', {
    extensions: { currentVersion },
    headers: { etag: etagOf(currentVersion) },
  })
}
