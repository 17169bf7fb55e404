import type { ChangeResponse } from '@synap/contracts'
import { type AggregateId, SynapError } from '@synap/core'
import { correlationIdOf, etagOf, expectedVersion, problem } from '@synap/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { effectOrThrow, staleVersion } from '../answer-write.ts'
import { isOutcomeUnknown } from '../append-knowing.ts'
import type { WriteDependencies } from '../decide-and-append.ts'
import { callerOf, requestKeyOf } from '../request-facts.ts'
import { type CommandOutcome, type CommandRun, runCommand } from '../run-command.ts'

/** The numbers that every change answers with; the id is of the aggregate it is about. */
export type ChangeNumbers<Id extends AggregateId> = Omit<ChangeResponse, 'id'> & { id: Id }

/**
 * Runs the command of a request, under its `Idempotency-Key` and `If-Match`, and answers with the numbers. Nothing to
 * change is a success: the numbers are the current ones. Throws the problem of everything else.
 */
export async function answerChange<Id extends AggregateId>(
  dependencies: WriteDependencies,
  request: FastifyRequest,
  reply: FastifyReply,
  run: Pick<CommandRun, 'command'> & { about: Id },
): Promise<ChangeNumbers<Id>> {
  const outcome = await runCommand(dependencies, {
    ...run,
    caller: callerOf(request),
    request: requestKeyOf(request),
    expectedVersion: expectedVersion(request),
  }).catch(explained)
  return { ...numbersOrThrow(request, reply, outcome), id: run.about }
}

/** The numbers of an outcome, with the headers every write answers with; anything but an effect is thrown. */
export function numbersOrThrow(
  request: FastifyRequest,
  reply: FastifyReply,
  outcome: CommandOutcome,
): Omit<ChangeResponse, 'id'> {
  if (outcome.outcome === 'stale') throw staleVersion(outcome.currentVersion)
  if (outcome.outcome === 'unchanged') {
    const { version, sequence } = outcome
    reply.header('etag', etagOf(version))
    return { version, sequence, correlationId: correlationIdOf(request) }
  }
  const { version, sequence, correlationId } = effectOrThrow(reply, outcome)
  return { version, sequence, correlationId }
}

/** Tells the client what its retry needs to know where the class of an error alone does not. */
export function explained(error: unknown): never {
  if (isOutcomeUnknown(error)) {
    throw problem('unavailable', {
      detail: 'Whether it was stored is unknown. Send it again with the same Idempotency-Key.',
      retryAfter: 2,
      cause: error,
    })
  }
  if (error instanceof SynapError && error.code === 'event.too_large') {
    throw problem('tooLarge', { detail: 'What it says does not fit into one event.', cause: error })
  }
  throw error
}
