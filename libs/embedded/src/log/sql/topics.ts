import type { TopicSpec } from '@synap/messaging'
import { type Client, execute, query } from '@synap/postgres'

export interface TopicRow {
  id: number
  partitions: number
  config: Record<string, string>
}

/** A topic, locked until the transaction's end. */
export async function lockTopic(client: Client, name: string): Promise<TopicRow | undefined> {
  const [row] = await query<TopicRow>(client, {
    text: `select id, partitions, config from local.topics where name = $1::text for update`,
    values: [name],
  })
  return row
}

/** Undefined when somebody else has just made it. */
export async function insertTopic(client: Client, spec: TopicSpec): Promise<number | undefined> {
  const [row] = await query<{ id: number }>(client, {
    text: `
      insert into local.topics (name, partitions, config)
      values ($1::text, $2::int, $3::jsonb)
      on conflict (name) do nothing
      returning id`,
    values: [spec.name, spec.partitions, JSON.stringify(spec.config)],
  })
  return row?.id
}

export async function insertPartitions(client: Client, topicId: number, count: number): Promise<void> {
  await execute(client, {
    text: `
      insert into local.partitions (topic_id, partition)
      select $1::int, n from generate_series(0, $2::int - 1) as n`,
    values: [topicId, count],
  })
}

export async function updateTopicConfig(
  client: Client,
  topicId: number,
  config: TopicSpec['config'],
): Promise<void> {
  await execute(client, {
    text: `update local.topics set config = $2::jsonb where id = $1::int`,
    values: [topicId, JSON.stringify(config)],
  })
}

/** Whether records give way to newer ones of their key follows the topic's setting. */
export async function updateRecordsCompact(client: Client, topicId: number, compact: boolean): Promise<void> {
  await execute(client, {
    text: `update local.records set compact = $2::boolean where topic_id = $1::int and compact <> $2::boolean`,
    values: [topicId, compact],
  })
  await execute(client, {
    text: `update local.partitions set cleaned = 0 where topic_id = $1::int`,
    values: [topicId],
  })
}
