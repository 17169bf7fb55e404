import type { Pool } from '@synap/postgres'
import { run } from './run.ts'

export interface GroupOffset {
  topic: string
  partition: number
  committed: bigint
}

/** Notes how far a group is. */
export async function upsertGroupOffsets(
  pool: Pool,
  groupId: string,
  offsets: readonly GroupOffset[],
  signal?: AbortSignal,
): Promise<void> {
  const rows = offsets.map((offset) => ({ ...offset, committed: Number(offset.committed) }))
  await run(
    pool,
    'commit offsets',
    {
      text: `
      insert into local.group_offsets (group_id, topic_id, partition, committed)
      select $1::text, t.id, n.partition, n.committed
        from json_to_recordset($2::json) as n (topic text, partition int, committed bigint)
        join local.topics t on t.name = n.topic
          on conflict (group_id, topic_id, partition)
             do update set committed = excluded.committed, updated_at = now()`,
      values: [groupId, JSON.stringify(rows)],
    },
    signal,
  )
}

/** Every partition of a topic, with what the group has committed there. */
export function findGroupOffsets(
  pool: Pool,
  groupId: string,
  topic: string,
  signal?: AbortSignal,
): Promise<{ partition: number; low: number; high: number; committed: number | null }[]> {
  return run(
    pool,
    'read group lag',
    {
      text: `
      select p.partition, p.low, p.high, g.committed
        from local.topics t
        join local.partitions p on p.topic_id = t.id
        left join local.group_offsets g
          on g.topic_id = t.id and g.partition = p.partition and g.group_id = $1::text
       where t.name = $2::text
       order by p.partition`,
      values: [groupId, topic],
    },
    signal,
  )
}
