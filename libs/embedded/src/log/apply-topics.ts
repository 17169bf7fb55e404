import { assertSamePartitions, type TopicReport, type TopicSpec, topicReport } from '@synap/messaging'
import { type Client, type Pool, transaction } from '@synap/postgres'
import { localRole } from './sql/run.ts'
import {
  insertPartitions,
  insertTopic,
  lockTopic,
  updateRecordsCompact,
  updateTopicConfig,
} from './sql/topics.ts'

/**
 * Makes the topics, or brings the settings of those that are there to exactly the given set; all of them or, when one
 * has another number of partitions (`topic.partitions_differ`, configuration), none.
 */
export function applyTopics(
  pool: Pool,
  specs: readonly TopicSpec[],
  signal: AbortSignal,
): Promise<TopicReport[]> {
  const work = async (client: Client) => {
    const reports: TopicReport[] = []
    for (const spec of specs) reports.push(await applyTopic(client, spec))
    return reports
  }
  return transaction(pool, { role: localRole }, work, { signal })
}

async function applyTopic(client: Client, spec: TopicSpec): Promise<TopicReport> {
  const made = await insertTopic(client, spec)
  if (made !== undefined) {
    await insertPartitions(client, made, spec.partitions)
    return topicReport(spec.name, 'created', {}, spec.config)
  }
  const found = await lockTopic(client, spec.name)
  if (found === undefined) throw new TypeError('a topic vanished, which nothing here can cause')
  assertSamePartitions(spec, found.partitions)
  const report = topicReport(spec.name, 'altered', found.config, spec.config)
  if (Object.keys(report.changes).length === 0) return { ...report, outcome: 'unchanged' }
  await updateTopicConfig(client, found.id, spec.config)
  if (report.changes['cleanup.policy'] !== undefined) {
    await updateRecordsCompact(client, found.id, spec.config['cleanup.policy'] === 'compact')
  }
  return report
}
