import type { HeadsQuery, HeadsResponse } from '@synap/contracts'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { selectHeads } from './sql/heads.ts'

/** An event this old that a consumer has not seen was lost on the way, not late. */
const defaultOlderThanMs = 60_000
const defaultLimit = 1_000

export async function listHeads(pool: Pool, query: HeadsQuery): Promise<HeadsResponse> {
  const limit = query.limit ?? defaultLimit
  const rows = await inTransaction(pool, (client) =>
    selectHeads(client, query.olderThanMs ?? defaultOlderThanMs, query.after ?? null, limit),
  )
  return {
    items: rows.map((row) => ({ userId: row.user_id, sequence: row.sequence })),
    next: rows.length === limit ? (rows.at(-1)?.user_id ?? null) : null,
  }
}
