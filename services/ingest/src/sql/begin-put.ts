import type { UserId } from '@synap/core'
import { type Pool, single } from '@synap/postgres'
import { ingest } from '../database.ts'

export interface BeginPut {
  userId: UserId
  idempotency: { key: string; requestHash: string } | null
  /** What this attempt minted; an attempt that takes over goes on with those of the first. */
  ids: Readonly<Record<string, string>>
  objectKey: string
  /** Milliseconds the lease lasts: longer than the request may take. */
  leaseMs: number
}

export type BeginPutOutcome =
  | {
      outcome: 'begun'
      /** Null without an idempotency key. */
      attempt: number | null
      ids: Readonly<Record<string, string>>
      object_key: string
      lease_id: string
      /** The database's clock, milliseconds since 1970. */
      now_ms: number
    }
  | { outcome: 'replay'; result: unknown }
  | { outcome: 'mismatch' }
  | { outcome: 'in_flight'; retry_after_ms: number }

/** Commits the lease of a put, and with a key the row that owns the request, before anything is put. */
export async function beginPut(pool: Pool, put: BeginPut): Promise<BeginPutOutcome> {
  const [row] = await single<{ answer: BeginPutOutcome }>(
    pool,
    ingest,
    {
      text: `
        select write.begin_put(
          $1::uuid, $2::text, decode($3::text, 'hex'), $4::jsonb, $5::text, make_interval(secs => $6::float8)
        ) as answer`,
      values: [
        put.userId,
        put.idempotency?.key ?? null,
        put.idempotency?.requestHash ?? null,
        JSON.stringify(put.ids),
        put.objectKey,
        put.leaseMs / 1000,
      ],
    },
    { retries: 3 },
  )
  if (row === undefined) throw new TypeError('write.begin_put gave no row')
  return row.answer
}

/** Gives the request's row back after a failed put, so that the next attempt need not wait for the lease to end. */
export async function abandonPut(pool: Pool, userId: UserId, key: string, attempt: number): Promise<void> {
  await single(pool, ingest, {
    text: `select write.abandon_put($1::uuid, $2::text, $3::int)`,
    values: [userId, key, attempt],
  })
}
