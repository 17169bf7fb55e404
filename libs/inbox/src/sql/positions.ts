import type { InboundMessage } from '@synap/messaging'
import { type Client, execute, type Pool, query, type SingleOptions, single } from '@synap/postgres'

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

/** As `lockPosition`, of several partitions of one topic, in their order so that two of these never wait in a ring. */
export async function lockPositions(
  client: Client,
  schema: string,
  topic: string,
  partitions: readonly number[],
): Promise<Map<number, PositionRow>> {
  const rows = await query<PositionRow & { partition: number }>(client, {
    name: `${schema}.lock_positions`,
    text: `select partition, next_offset, event_id from ${schema}.positions
           where topic = $1::text and partition = any ($2::int[]) order by partition for update`,
    values: [topic, partitions],
  })
  return new Map(rows.map((row) => [row.partition, row]))
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

/** As `updatePosition`, of several partitions of one topic. */
export async function updatePositions(
  client: Client,
  schema: string,
  topic: string,
  moved: readonly { partition: number; nextOffset: bigint; eventId: string | null }[],
): Promise<void> {
  await execute(client, {
    name: `${schema}.update_positions`,
    text: `update ${schema}.positions as p
           set next_offset = n.next_offset, event_id = n.event_id, attempts = 0, attempt_offset = null, updated_at = now()
           from unnest($2::int[], $3::bigint[], $4::uuid[]) as n (partition, next_offset, event_id)
           where p.topic = $1::text and p.partition = n.partition`,
    values: [
      topic,
      moved.map(({ partition }) => partition),
      moved.map(({ nextOffset }) => nextOffset.toString()),
      moved.map(({ eventId }) => eventId),
    ],
  })
}

/** Where attempts are kept, and as whom. */
export interface AttemptStore {
  schema: string
  role: string
  pool: Pool
}

/**
 * Counts a start at the offset of each message, of one topic and one of each partition; one that is already behind its position
 * is left out. Not synced to disk: it has to survive the death of this process, not that of the database, and so costs no
 * wait. One message, committed by itself: once `onSent` is called, they are counted whatever becomes of this process.
 */
export async function countAttempts(
  { schema, role, pool }: AttemptStore,
  messages: readonly Pick<InboundMessage, 'topic' | 'partition' | 'offset'>[],
  options: Pick<SingleOptions, 'onSent' | 'goesAhead'>,
): Promise<Map<number, number>> {
  const rows = await single<{ partition: number; attempts: number }>(
    pool,
    { role },
    {
      name: `${schema}.count_attempts`,
      // Locked in their order, as `lockPositions` does.
      text: `with begun as (
             select p.topic, p.partition, n.start from ${schema}.positions as p
             join unnest($2::int[], $3::bigint[]) as n (partition, start) on n.partition = p.partition
             where p.topic = $1::text order by p.partition for update of p
           )
           update ${schema}.positions as p
           set attempts = case when p.attempt_offset = begun.start then p.attempts + 1 else 1 end,
               attempt_offset = begun.start
           from begun where p.topic = begun.topic and p.partition = begun.partition and p.next_offset <= begun.start
           returning p.partition, p.attempts, set_config('synchronous_commit', 'off', true)`,
      values: [
        messages[0]?.topic ?? '',
        `{${messages.map(({ partition }) => partition).join(',')}}`,
        `{${messages.map(({ offset }) => offset).join(',')}}`,
      ],
    },
    options,
  )
  return new Map(rows.map(({ partition, attempts }) => [partition, attempts]))
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
      name: `${schema}.clear_attempt`,
      text: `update ${schema}.positions set attempts = 0, attempt_offset = null
           where topic = $1::text and partition = $2::int and attempt_offset = $3::bigint
           returning set_config('synchronous_commit', 'off', true)`,
      values: [topic, partition, offset.toString()],
    },
  )
}
