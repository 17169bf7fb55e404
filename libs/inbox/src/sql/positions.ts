import type { InboundMessage } from '@synap/messaging'
import { type Client, execute, type Pool, query, single } from '@synap/postgres'

export interface PositionRow {
  next_offset: number
  event_id: string | null
}

/** Locks a partition's row; undefined when it was never assigned. Whoever holds it applies, nobody else. */
export async function lockPosition(
  client: Client,
  schema: string,
  topic: string,
  partition: number,
): Promise<PositionRow | undefined> {
  const [row] = await query<PositionRow>(client, {
    name: `${schema}.lock_position`,
    text: `select next_offset, event_id from ${schema}.positions
           where topic = $1::text and partition = $2::int for update`,
    values: [topic, partition],
  })
  return row
}

export async function insertPosition(
  client: Client,
  schema: string,
  topic: string,
  partition: number,
  nextOffset: bigint,
): Promise<void> {
  await execute(client, {
    text: `insert into ${schema}.positions (topic, partition, next_offset)
           values ($1::text, $2::int, $3::bigint) on conflict do nothing`,
    values: [topic, partition, nextOffset.toString()],
  })
}

/** The caller holds the row. Ends the attempt that was counted at this partition. */
export async function updatePosition(
  client: Client,
  schema: string,
  position: { topic: string; partition: number; nextOffset: bigint; eventId: string | null },
): Promise<void> {
  await execute(client, {
    name: `${schema}.update_position`,
    text: `update ${schema}.positions
           set next_offset = $3::bigint, event_id = $4::uuid, attempts = 0, attempt_offset = null, updated_at = now()
           where topic = $1::text and partition = $2::int`,
    values: [position.topic, position.partition, position.nextOffset.toString(), position.eventId],
  })
}

/** Where attempts are kept, and as whom. */
export interface AttemptStore {
  schema: string
  role: string
  pool: Pool
}

/**
 * Counts a start at `offset`; undefined when that record is already behind the position. Not synced to disk: it has to
 * survive the death of this process, not that of the database, and so costs no wait. One message, committed by itself:
 * once `onSent` is called, it is counted whatever becomes of this process.
 */
export async function countAttempt(
  { schema, role, pool }: AttemptStore,
  { topic, partition, offset }: Pick<InboundMessage, 'topic' | 'partition' | 'offset'>,
  onSent: () => void,
): Promise<number | undefined> {
  const [row] = await single<{ attempts: number }>(
    pool,
    { role },
    {
      text: `update ${schema}.positions
           set attempts = case when attempt_offset = $3::bigint then attempts + 1 else 1 end,
               attempt_offset = $3::bigint
           where topic = $1::text and partition = $2::int and next_offset <= $3::bigint
           returning attempts, set_config('synchronous_commit', 'off', true)`,
      values: [topic, partition, offset.toString()],
    },
    { onSent },
  )
  return row?.attempts
}

/** The process lived: its attempt no longer counts. One message, committed by itself. */
export async function clearAttempt(
  { schema, role, pool }: AttemptStore,
  { topic, partition, offset }: Pick<InboundMessage, 'topic' | 'partition' | 'offset'>,
): Promise<void> {
  await single(
    pool,
    { role },
    {
      text: `update ${schema}.positions set attempts = 0, attempt_offset = null
           where topic = $1::text and partition = $2::int and attempt_offset = $3::bigint
           returning set_config('synchronous_commit', 'off', true)`,
      values: [topic, partition, offset.toString()],
    },
  )
}
