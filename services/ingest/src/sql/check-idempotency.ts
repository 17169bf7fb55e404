import type { UserId } from '@synap/core'
import { type Client, query } from '@synap/postgres'

export type IdempotencyCheck =
  | { outcome: 'replay'; result: unknown }
  | { outcome: 'mismatch' }
  | { outcome: 'in_flight'; retry_after_ms: number }

/** What an earlier request with this key came to; null when the key is free. */
export async function checkIdempotency(
  client: Client,
  userId: UserId,
  { key, requestHash }: { key: string; requestHash: string },
): Promise<IdempotencyCheck | null> {
  const [row] = await query<{ answer: IdempotencyCheck | null }>(client, {
    name: 'write.check_idempotency',
    text: `
      select write.check_idempotency(
        $1::uuid, jsonb_build_object('key', $2::text, 'request_hash', $3::text)
      ) as answer`,
    values: [userId, key, requestHash],
  })
  return row?.answer ?? null
}
