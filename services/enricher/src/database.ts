import {
  type Client,
  ownership,
  type Pool,
  type Principal,
  type TransactionOptions,
  transaction,
} from '@synap/postgres'

/** The principal of everything the enricher does in its own schema. */
export const enricher: Principal = { role: ownership.enricher.role }

/** One transaction in the schema `enrich`; `work` gets the client and never the pool. */
export function inTransaction<T>(
  pool: Pool,
  work: (client: Client) => Promise<T>,
  options?: TransactionOptions,
): Promise<T> {
  return transaction(pool, enricher, work, options)
}
