import { type ProblemError, problem } from '@synap/http'
import { type Client, query } from '@synap/postgres'

/**
 * Why a database may give out no numbers. `restored`: it is another than the one that gave out the last ones (a restored
 * copy, a promoted standby). `unsettled`: a reconciliation is under way, or broke off.
 */
export type Refusal = 'restored' | 'unsettled'

/** SQLSTATE with which the outbox refuses events in such a database. */
export const refusedState = 'SY001'

/** Notes the identity of a database that has none yet. */
export async function findRefusal(client: Client): Promise<Refusal | null> {
  const [row] = await query<{ why: Refusal | null }>(client, {
    name: 'write.refusal',
    text: 'select write.refusal() as why',
  })
  return row?.why ?? null
}

/** The answer to a write in such a database: 503, and what has to be done. */
export function unreconciled(cause?: unknown): ProblemError {
  return problem('unavailable', {
    detail:
      'The write database was restored, or another one took over. Writes are refused until an operator has run ' +
      '`./synap write reconcile`; reads and status go on.',
    extensions: { code: 'write.unreconciled' },
    retryAfter: 30,
    ...(cause === undefined ? {} : { cause }),
  })
}
