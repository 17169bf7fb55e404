import type { TransactionOptions } from '@synap/postgres'

/**
 * For each transaction that asks questions of the log: their plans are kept for the connection, and read events in the order
 * that the views give them in. With others the answers are the same, but each is planned, and what could be in it sorted.
 */
export const logPlans: Pick<TransactionOptions, 'genericPlans' | 'settings'> = {
  genericPlans: true,
  // The second is TimescaleDB's: its way to leave out chunks costs more than to look into one. Without it, it means nothing.
  settings: { enable_bitmapscan: 'off', 'timescaledb.enable_chunk_append': 'off' },
}
