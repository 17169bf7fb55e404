import type { EntityId, UserId } from '@synap/core'
import { type Pool, single } from '@synap/postgres'
import { ingest } from '../database.ts'
import type { BeginPutOutcome } from './begin-put.ts'

/** What an attempt minted; one that takes over goes on with those of the first. */
export interface MintedIds {
  entities: readonly EntityId[]
  /** Keys of what is put; at least one. */
  objects: readonly string[]
}

export interface BeginPuts {
  userId: UserId
  idempotency: { key: string; requestHash: string } | null
  ids: MintedIds
  /** Milliseconds the leases last: longer than the request may take. */
  leaseMs: number
}

export type BeginPutsOutcome =
  | {
      outcome: 'begun'
      /** Null without an idempotency key. */
      attempt: number | null
      ids: MintedIds
      /** In the order of the keys that were asked for. */
      objects: readonly { object_key: string; lease_id: string }[]
      /** The database's clock, milliseconds since 1970. */
      now_ms: number
    }
  | Exclude<BeginPutOutcome, { outcome: 'begun' }>

/** As `beginPut`, for all that one request puts. */
export async function beginPuts(pool: Pool, puts: BeginPuts): Promise<BeginPutsOutcome> {
  const [row] = await single<{ answer: BeginPutsOutcome }>(
    pool,
    ingest,
    {
      text: `
        select write.begin_puts(
          $1::uuid, $2::text, decode($3::text, 'hex'), $4::jsonb, make_interval(secs => $5::float8)
        ) as answer`,
      values: [
        puts.userId,
        puts.idempotency?.key ?? null,
        puts.idempotency?.requestHash ?? null,
        JSON.stringify(puts.ids),
        puts.leaseMs / 1000,
      ],
    },
    { retries: 3 },
  )
  if (row === undefined) throw new TypeError('write.begin_puts gave no row')
  return row.answer
}
