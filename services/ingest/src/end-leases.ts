import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { endIdempotencyLeases, endRelayLease } from './sql/end-leases.ts'

/**
 * Ends what a process that is gone still holds: the requests it had under way, which a retry would wait 30 seconds for,
 * and the relay. Answers how many requests.
 *
 * Only for who knows that no other ingest works on this database. Should one work all the same, nothing is lost: its
 * attempts and its epoch are over, so its appends and marks are refused. The leases of puts stay, for the sweep's sake.
 */
export function endLeases(pool: Pool): Promise<number> {
  return inTransaction(pool, async (client) => {
    await endRelayLease(client)
    return endIdempotencyLeases(client)
  })
}
