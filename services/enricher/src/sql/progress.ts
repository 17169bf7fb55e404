import type { UserId } from '@synap/core'
import { type Client, query } from '@synap/postgres'

/** How far the consumer is: the next offset of a partition, and the last sequence of a user that is accounted for. */
export interface Progress {
  next: bigint
  seen: number
}

export async function findProgress(
  client: Client,
  { userId, topic, partition }: { userId: UserId; topic: string; partition: number },
): Promise<Progress> {
  const rows = await query<{ next: string | null; seen: number | null }>(client, {
    name: 'enrich.find_progress',
    text: `select (select next_offset::text from enrich.positions where topic = $1::text and partition = $2::int) as next,
             (select seen from enrich.user_positions where user_id = $3::uuid) as seen`,
    values: [topic, partition, userId],
  })
  return { next: BigInt(rows[0]?.next ?? 0), seen: rows[0]?.seen ?? 0 }
}
