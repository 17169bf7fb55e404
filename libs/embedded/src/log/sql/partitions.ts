import type { Pool } from '@synap/postgres'
import { run } from './run.ts'

export interface PartitionRow {
  topic: string
  partition: number
  low: number
  high: number
}

/** The ends of every partition of every topic: a row each, and there are few. */
export function findPartitions(pool: Pool, signal?: AbortSignal): Promise<PartitionRow[]> {
  const text = `
    select t.name as topic, p.partition, p.low, p.high
      from local.topics t
      join local.partitions p on p.topic_id = t.id
     order by t.name, p.partition`
  return run<PartitionRow>(pool, 'read watermarks', { text, values: [] }, signal)
}

/** What a publisher has to know of a topic; undefined when it is not there. */
export async function findTopic(
  pool: Pool,
  name: string,
  signal: AbortSignal,
): Promise<{ partitions: number; config: Record<string, string> } | undefined> {
  const text = `select partitions, config from local.topics where name = $1::text`
  const [row] = await run<{ partitions: number; config: Record<string, string> }>(
    pool,
    'find topic',
    { text, values: [name] },
    signal,
  )
  return row
}
