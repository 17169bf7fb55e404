import type { TransactionOptions } from '@synap/postgres'

/**
 * For each transaction that asks questions of the log: their plans are kept for the connection, and read events in the order
 * that the views give them in. With others the answers are the same, but all that could be in one is sorted first.
 */
export const logPlans: Pick<TransactionOptions, 'genericPlans' | 'settings'> = {
  genericPlans: true,
  // The second is one of TimescaleDB's; where that is missing it means nothing.
  settings: { enable_bitmapscan: 'off', 'timescaledb.enable_chunk_append': 'off' },
}
