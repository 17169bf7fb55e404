import {
  type Client,
  ownership,
  type Pool,
  type Principal,
  query,
  type TransactionOptions,
  transaction,
} from '@synap/postgres'

/** The principal of everything ingest does in its own schema. */
export const ingest: Principal = { role: ownership.ingest.role }

/** One transaction in the schema `write`; `work` gets the client and never the pool. */
export function inTransaction<T>(
  pool: Pool,
  work: (client: Client) => Promise<T>,
  options?: TransactionOptions,
): Promise<T> {
  return transaction(pool, ingest, work, options)
}

/** Resolves when the database answers; for readiness. */
export async function pingDatabase(pool: Pool): Promise<void> {
  await query(pool, { text: 'select 1' })
}
