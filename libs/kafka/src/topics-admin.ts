import { replicationFor } from '@synap/contracts'
import { backoffMs, errorClass, SynapError, wait } from '@synap/core'
import kafkajs, { type Admin } from 'kafkajs'
import type { AdminConnection } from './admin.ts'

export interface TopicSpec {
  name: string
  /** Fixed for ever: another number would place a user's later records apart from the earlier ones. */
  partitions: number
  /** Broker settings as the broker names them; the whole set, whatever else was set on the topic is removed. */
  config: Readonly<Record<string, string>>
}

export interface TopicReport {
  topic: string
  outcome: 'created' | 'altered' | 'unchanged'
  /** Settings that differed: what the topic had, and what it has now (null: not set on the topic). */
  changes: Readonly<Record<string, { from: string | null; to: string | null }>>
}

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
    for (const spec of specs) assertPartitions(spec, existing.get(spec.name))
    const { brokers } = await admin.describeCluster()
    const { replicationFactor, minInsyncReplicas } = replicationFor(brokers.length)
    const inherited = replicationFactor === 1 ? {} : { 'min.insync.replicas': String(minInsyncReplicas) }
    const reports: TopicReport[] = []
    for (const spec of specs) {
      const wanted = { ...inherited, ...spec.config }
      const created = !existing.has(spec.name) && (await create(admin, spec, wanted, replicationFactor))
      reports.push(
        created ? reportOf(spec.name, 'created', {}, wanted) : await alter(admin, spec.name, wanted),
      )
    }
    return reports
  })
}

async function partitionCounts(admin: Admin): Promise<Map<string, number>> {
  const { topics } = await admin.fetchTopicMetadata()
  return new Map(topics.map(({ name, partitions }) => [name, partitions.length]))
}

function assertPartitions(spec: TopicSpec, found: number | undefined): void {
  if (found === undefined || found === spec.partitions) return
  throw new SynapError(
    `topic ${spec.name} has ${found} partitions and is declared with ${spec.partitions}; ` +
      'records of one user would be split over two partitions: make a topic of another name and copy',
    {
      code: 'topic.partitions_differ',
      class: 'configuration',
      fields: { topic: spec.name, found, declared: spec.partitions },
    },
  )
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

async function alter(
  admin: Admin,
  topic: string,
  wanted: Readonly<Record<string, string>>,
): Promise<TopicReport> {
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }
  const { resources } = await admin.describeConfigs({ resources: [resource], includeSynonyms: false })
  const entries = (resources[0]?.configEntries ?? []) as unknown as {
    configName: string
    configValue: string
    configSource: number
  }[]
  const found = Object.fromEntries(
    entries
      .filter((entry) => entry.configSource === setOnTopic)
      .map((entry) => [entry.configName, entry.configValue]),
  )
  const report = reportOf(topic, 'altered', found, wanted)
  if (Object.keys(report.changes).length === 0) return { ...report, outcome: 'unchanged' }
  // Not incremental: what is left out goes back to the broker's default.
  const configEntries = Object.entries(wanted).map(([name, value]) => ({ name, value }))
  await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] })
  return report
}

function reportOf(
  topic: string,
  outcome: TopicReport['outcome'],
  found: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): TopicReport {
  const names = [...new Set([...Object.keys(found), ...Object.keys(wanted)])].sort()
  const changed = names.filter((name) => found[name] !== wanted[name])
  const changes = changed.map(
    (name) => [name, { from: found[name] ?? null, to: wanted[name] ?? null }] as const,
  )
  return { topic, outcome, changes: Object.fromEntries(changes) }
}
