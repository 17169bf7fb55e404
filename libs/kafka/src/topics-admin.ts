import { replicationFor } from '@synap/contracts'
import { backoffMs, errorClass, wait } from '@synap/core'
import { assertSamePartitions, type TopicReport, type TopicSpec, topicReport } from '@synap/messaging'
import kafkajs, { type Admin } from 'kafkajs'
import type { AdminConnection } from './admin.ts'

/** Kafka's `DYNAMIC_TOPIC_CONFIG`: set on the topic itself, not inherited from the broker. */
const setOnTopic = 1

/**
 * Creates the topics, or brings the settings of those that exist to exactly the given set. Running it again changes
 * nothing. Rejects with class `configuration` before touching anything when a topic has another number of partitions.
 *
 * The number of brokers decides about replicas (`replicationFor` of the contracts).
 */
export async function applyTopics(
  connection: AdminConnection,
  specs: readonly TopicSpec[],
  signal: AbortSignal = new AbortController().signal,
): Promise<TopicReport[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await applyOnce(connection, specs, signal)
    } catch (error) {
      // A topic made a moment ago, here or by somebody else, is not known to every part of the broker yet.
      if (errorClass(error) !== 'dependency' || attempt >= attempts) throw error
      await wait(backoffMs(attempt, { baseMs: 200, capMs: 2_000 }), signal)
    }
  }
}

const attempts = 6

function applyOnce(
  connection: AdminConnection,
  specs: readonly TopicSpec[],
  signal: AbortSignal,
): Promise<TopicReport[]> {
  return connection.run('create topics', signal, async (admin) => {
    const existing = await partitionCounts(admin)
    for (const spec of specs) assertSamePartitions(spec, existing.get(spec.name))
    const { replicationFactor, inherited } = await replicationOf(admin)
    const reports: TopicReport[] = []
    for (const spec of specs) {
      const wanted = { ...inherited, ...spec.config }
      const created = !existing.has(spec.name) && (await create(admin, spec, wanted, replicationFactor))
      reports.push(
        created ? topicReport(spec.name, 'created', {}, wanted) : await alter(admin, spec.name, wanted),
      )
    }
    return reports
  })
}

/** How a topic differs from its declaration; nothing is changed. */
export interface TopicDifference {
  topic: string
  /** Null when there is no such topic. */
  partitions: { found: number; declared: number } | null
  /** Settings to change: what the topic has, and what it is declared with. */
  changes: TopicReport['changes']
}

/** What `applyTopics` would do, in the order of `specs`. */
export function inspectTopics(
  connection: AdminConnection,
  specs: readonly TopicSpec[],
  signal?: AbortSignal,
): Promise<TopicDifference[]> {
  return connection.run('inspect topics', signal, async (admin) => {
    const existing = await partitionCounts(admin)
    const { inherited } = await replicationOf(admin)
    const differences: TopicDifference[] = []
    for (const { name, partitions: declared, config } of specs) {
      const found = existing.get(name)
      const settings = found === undefined ? {} : await settingsOf(admin, name)
      const { changes } = topicReport(name, 'unchanged', settings, { ...inherited, ...config })
      const partitions = found === undefined ? null : { found, declared }
      differences.push({ topic: name, partitions, changes })
    }
    return differences
  })
}

/** Replicas for this many brokers, and the setting that follows from it. */
async function replicationOf(admin: Admin) {
  const { brokers } = await admin.describeCluster()
  const { replicationFactor, minInsyncReplicas } = replicationFor(brokers.length)
  const inherited = replicationFactor === 1 ? {} : { 'min.insync.replicas': String(minInsyncReplicas) }
  return { replicationFactor, inherited }
}

async function partitionCounts(admin: Admin): Promise<Map<string, number>> {
  const { topics } = await admin.fetchTopicMetadata()
  return new Map(topics.map(({ name, partitions }) => [name, partitions.length]))
}

/** False when another run has created the topic in the meantime. */
async function create(
  admin: Admin,
  spec: TopicSpec,
  config: Readonly<Record<string, string>>,
  replicationFactor: number,
): Promise<boolean> {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
  const topic = { topic: spec.name, numPartitions: spec.partitions, replicationFactor, configEntries }
  return await admin.createTopics({ topics: [topic], waitForLeaders: true })
}

const resourceOf = (topic: string) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic })

/** What is set on the topic itself. */
async function settingsOf(admin: Admin, topic: string): Promise<Record<string, string>> {
  const resources = [resourceOf(topic)]
  const described = await admin.describeConfigs({ resources, includeSynonyms: false })
  const entries = (described.resources[0]?.configEntries ?? []) as unknown as {
    configName: string
    configValue: string
    configSource: number
  }[]
  const own = entries.filter((entry) => entry.configSource === setOnTopic)
  return Object.fromEntries(own.map((entry) => [entry.configName, entry.configValue]))
}

async function alter(
  admin: Admin,
  topic: string,
  wanted: Readonly<Record<string, string>>,
): Promise<TopicReport> {
  const report = topicReport(topic, 'altered', await settingsOf(admin, topic), wanted)
  if (Object.keys(report.changes).length === 0) return { ...report, outcome: 'unchanged' }
  // Not incremental: what is left out goes back to the broker's default.
  const configEntries = Object.entries(wanted).map(([name, value]) => ({ name, value }))
  await admin.alterConfigs({ validateOnly: false, resources: [{ ...resourceOf(topic), configEntries }] })
  return report
}
