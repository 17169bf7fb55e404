import { SynapError } from '@synap/core'
import { isConnectionLost, type Pool, sqlstateOf } from '@synap/postgres'
import { refusedState, unreconciled } from './refusal.ts'
import { type AppendCall, type AppendOutcome, append } from './sql/append.ts'

const outcomeUnknown = 'write.outcome_unknown'

/** True for an append that was sent and never answered: it may have committed. */
export function isOutcomeUnknown(error: unknown): boolean {
  return error instanceof SynapError && error.code === outcomeUnknown
}

/**
 * As `append`, with `write.outcome_unknown` (dependency) for a connection that broke after it may have been sent, and
 * the problem of `unreconciled` for a database that may give out no numbers.
 */
export async function appendKnowing(pool: Pool, call: AppendCall): Promise<AppendOutcome> {
  try {
    return await append(pool, call)
  } catch (error) {
    if (sqlstateOf(error) === refusedState) throw unreconciled(error)
    if (!isConnectionLost(error)) throw error
    throw new SynapError('the database broke off: whether it was stored is unknown', {
      code: outcomeUnknown,
      class: 'dependency',
      cause: error,
      retryAfterMs: 2_000,
    })
  }
}
