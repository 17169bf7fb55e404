import { SynapError } from '@synap/core'
import { isConnectionLost, type Pool, sqlstateOf } from '@synap/postgres'
import { appendTogether } from './append-together.ts'
import { inTransaction } from './database.ts'
import { refusedState, unreconciled } from './refusal.ts'
import type { AppendCall, Appended, AppendOutcome } from './sql/append.ts'
import { findAppended } from './sql/find-appended.ts'

export type { AppendCall, AppendOutcome } from './sql/append.ts'

const outcomeUnknown = 'write.outcome_unknown'

/** True for an append that was sent and never answered: it may have committed. */
export function isOutcomeUnknown(error: unknown): boolean {
  return error instanceof SynapError && error.code === outcomeUnknown
}

/** Milliseconds for looking an append up whose answer was lost. */
const lookUpMs = 3_000

/**
 * As `append`. A connection that broke after it may have been sent is answered by looking whether it was done, never by
 * doing it again: when it is not to be found, or nobody answers, `write.outcome_unknown` (dependency). The problem of
 * `unreconciled` for a database that may give out no numbers.
 */
export async function appendKnowing(pool: Pool, call: AppendCall): Promise<AppendOutcome> {
  try {
    return await appendTogether(pool, call)
  } catch (error) {
    if (sqlstateOf(error) === refusedState) throw unreconciled(error)
    if (!isConnectionLost(error)) throw error
    const done = await lookUp(pool, call)
    if (done !== undefined) return { outcome: 'appended', ...done }
    throw new SynapError('the database broke off: whether it was stored is unknown', {
      code: outcomeUnknown,
      class: 'dependency',
      cause: error,
      retryAfterMs: 2_000,
    })
  }
}

async function lookUp(pool: Pool, { userId, events }: AppendCall): Promise<Appended | undefined> {
  const ids = events.map(({ id }) => id)
  try {
    return await inTransaction(pool, (client) => findAppended(client, userId, ids), {
      readOnly: true,
      signal: AbortSignal.timeout(lookUpMs),
    })
  } catch {
    // The answer is the same as for one that is not found: nobody knows.
    return undefined
  }
}
