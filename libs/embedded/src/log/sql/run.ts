import { withDeadline } from '@synap/core'
import { type Pool, type SingleStatement, single } from '@synap/postgres'

/** Owns the schema `local`. */
export const localRole = 'synap_local'

const deadlineMs = 30_000

/**
 * One statement, one round trip, one transaction of its own. `doing` is a constant phrase for errors. Rejects with a
 * `SynapError` or with the signal's reason; whether the statement was done is then unknown.
 */
export function run<T>(
  pool: Pool,
  doing: string,
  statement: SingleStatement,
  signal?: AbortSignal,
): Promise<T[]> {
  return withDeadline(doing, deadlineMs, signal, (until) =>
    single<T>(pool, { role: localRole }, statement, { signal: until }),
  )
}
