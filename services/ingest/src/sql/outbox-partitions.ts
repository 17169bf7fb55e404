import type { UserId } from '@synap/core'
import { type Client, execute, query } from '@synap/postgres'

export interface OutboxPartition {
  /** `outbox_000012`, or `outbox_default` for ids outside every range. */
  name: string
  /** No new row can come into it. Never true of the default one. */
  closed: boolean
  is_default: boolean
  rows_estimate: number
  bytes: number
  /** Milliseconds since 1970, of its highest id; null when that waits or there is none. */
  newest_published_at: number | null
}

export function selectOutboxPartitions(client: Client): Promise<OutboxPartition[]> {
  return query(client, {
    name: 'write.outbox_partitions',
    text: `
      select name, closed, is_default, rows_estimate, bytes, newest_published_at
        from write.outbox_partitions()
       order by from_id nulls first`,
  })
}

/** Waits for every insert under way: ids given out before are then committed or gone. */
export async function passInserts(client: Client): Promise<void> {
  await execute(client, { text: 'lock table only write.outbox in share mode' })
}

export interface PartitionCheck {
  rows: number
  /** The highest id; null when it is empty. */
  last_id: number | null
  waits: boolean
  /** Every row was published longer ago than it is kept. */
  old: boolean
  /** A user and sequence that the log neither holds nor has parked; asked only when nothing else is in the way. */
  lacking_user: UserId | null
  lacking_sequence: number | null
}

/** Whether every row of a partition may leave: published `keepMs` ago, and accounted for by the log. */
export async function checkPartition(client: Client, name: string, keepMs: number): Promise<PartitionCheck> {
  const [row] = await query<PartitionCheck>(client, {
    text: `
      with spans as (
        select user_id, min(sequence) as first, max(sequence) as last, count(*) as rows, max(id) as last_id,
               bool_or(published_at is null) as waits, max(published_at) as newest
          from ${tableOf(name)}
         group by user_id
      ), whole as (
        select coalesce(sum(rows), 0)::bigint as rows, max(last_id) as last_id,
               coalesce(bool_or(waits), false) as waits,
               coalesce(max(newest) < clock_timestamp() - make_interval(secs => $1::float8), true) as old,
               array_agg(user_id) as users, array_agg(first) as firsts, array_agg(last) as lasts
          from spans
      )
      select w.rows, w.last_id, w.waits, w.old, u.user_id as lacking_user, u.sequence as lacking_sequence
        from whole w
        left join lateral (
          select a.user_id, a.sequence from log.unaccounted(w.users, w.firsts, w.lasts) a
           where not w.waits and w.old limit 1
        ) u on true`,
    values: [keepMs / 1000],
  })
  if (row === undefined) throw new TypeError('the check of a partition gave no row')
  return row
}

/** False when it is not closed, or a row of it waits. */
export async function dropOutboxPartition(client: Client, name: string): Promise<boolean> {
  const [row] = await query<{ dropped: boolean }>(client, {
    text: 'select write.drop_outbox_partition($1::text) as dropped',
    values: [name],
  })
  return row?.dropped === true
}

/** Rows of the default partition, which cannot be dropped; answers how many went. */
export function deleteFromDefault(
  client: Client,
  { lastId, keepMs, limit }: { lastId: number; keepMs: number; limit: number },
): Promise<number> {
  return execute(client, {
    text: `
      delete from write.outbox_default d
       where d.id = any (array(
               select x.id from write.outbox_default x
                where x.id <= $1::bigint
                  and x.published_at < clock_timestamp() - make_interval(secs => $2::float8)
                order by x.id limit $3::int))`,
    values: [lastId, keepMs / 1000, limit],
  })
}

function tableOf(name: string): string {
  if (!/^outbox_([0-9]+|default)$/.test(name)) throw new TypeError('not a partition of the outbox')
  return `write.${name}`
}
