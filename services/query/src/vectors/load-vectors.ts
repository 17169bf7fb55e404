import type { UserId } from '@synap/core'
import { fromHalfvec, type Pool, queryRole, transaction } from '@synap/postgres'
import { findSeen, findVectors, type Seen, type VectorKey } from '../sql/added-vectors.ts'
import type { VectorToPack } from './packed-vectors.ts'

/** Whose vectors, by which model, in which read model. */
export interface VectorsOf {
  schema: string
  userId: UserId
  model: string
}

export interface LoadVectors {
  pool: Pool
  of: VectorsOf
  /** Only what came after; all when left out. */
  since?: Seen | undefined
  signal: AbortSignal
}

/** Small pages: making one ready takes some milliseconds, in which nothing else is answered. */
const pageLength = 128
const beforeAllIds = '00000000-0000-0000-0000-000000000000'

/**
 * Reads a user's vectors page by page, each in a transaction of its own, so that no connection is held for long. Gives
 * every vector that was there when it began and is not gone meanwhile, and none that came later; answers what was seen then. `take`
 * answers false to end it.
 */
export async function loadVectors(
  { pool, of, since, signal }: LoadVectors,
  take: (vector: VectorToPack) => boolean,
): Promise<Seen | undefined> {
  const { schema, userId, model } = of
  const inTransaction = <T>(work: Parameters<typeof transaction<T>>[2]) =>
    transaction(pool, { role: queryRole, userId }, work, { readOnly: true, signal })
  const seen = await inTransaction(findSeen)
  let after: VectorKey | undefined = { added_in: firstOf(since), entity_id: beforeAllIds }
  while (after !== undefined) {
    const from: VectorKey = after
    const page = await inTransaction((client) =>
      findVectors(client, schema, model, { after: from, length: pageLength }),
    )
    for (const { entity_id: entityId, content, added_in: addedIn, chunk, embedding } of page) {
      if (!isSeen(seen, addedIn) || (since !== undefined && isSeen(since, addedIn))) continue
      const id = Buffer.from(entityId.replaceAll('-', ''), 'hex')
      if (!take({ id, content, chunk, values: fromHalfvec(embedding) })) return undefined
    }
    after = page.length < pageLength ? undefined : page.at(-1)
  }
  return seen
}

/** The first transaction that may not have been seen. */
function firstOf(since: Seen | undefined): string {
  if (since === undefined) return '0'
  return [since.next, ...since.running].reduce((a, b) => (BigInt(b) < BigInt(a) ? b : a))
}

function isSeen({ next, running }: Seen, transactionId: string): boolean {
  return BigInt(transactionId) < BigInt(next) && !running.includes(transactionId)
}
