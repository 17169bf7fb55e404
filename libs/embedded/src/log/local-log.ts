import { fileURLToPath } from 'node:url'
import { withDeadline } from '@synap/core'
import {
  type Logger,
  type MessageLog,
  type PartitionLag,
  type PausePolicy,
  pausePolicy,
  type Watermarks,
} from '@synap/messaging'
import { capabilitiesOf, migrate, type Pool } from '@synap/postgres'
import { applyTopics } from './apply-topics.ts'
import { createClaims } from './claims.ts'
import { createLocalConsumer } from './consumer.ts'
import { createHeads } from './heads.ts'
import { createLocalPublisher, publisherClosed, unknownTopic } from './publisher.ts'
import { findGroupOffsets } from './sql/group-offsets.ts'
import { findPartitions } from './sql/partitions.ts'
import { findRecord } from './sql/read-records.ts'
import { localRole } from './sql/run.ts'
import { keepTopics, runUpkeep } from './upkeep.ts'

export interface LocalLogOptions {
  /** May be of one connection: none is held while waiting or while a handler runs. */
  pool: Pool
  logger: Logger
  /** Ends the migration, nothing after it. */
  signal?: AbortSignal
  limits?: { batchRecords: number; batchBytes: number }
  /** Partitions that one consumer handles at the same time. */
  concurrency?: number
  pausePolicy?: PausePolicy
  /**
   * Milliseconds between two looks at what other processes have appended; those of this process wake at once. By
   * default 1,000, and 10,000 on a database that no other process can open.
   */
  pollMs?: number
  /** Milliseconds between two writes of a group's offsets. */
  hintEveryMs?: number
  /** Milliseconds between two runs of retention and compaction. */
  upkeepEveryMs?: number
}

export interface LocalLog extends MessageLog {
  /** Retention and compaction, now; else it happens by itself every minute. */
  keepTopics(): Promise<void>
}

const migrations = fileURLToPath(new URL('../../migrations', import.meta.url))

const pingDeadlineMs = 3_000

const defaults = {
  limits: { batchRecords: 1_000, batchBytes: 1024 * 1024 },
  concurrency: 3,
  pausePolicy,
  hintEveryMs: 2_000,
  upkeepEveryMs: 60_000,
}

/** Topics in the schema `local` of a database, in place of a Kafka cluster. Brings the schema up to date first. */
export async function createLocalLog(options: LocalLogOptions): Promise<LocalLog> {
  const { pool, logger, signal, ...rest } = options
  const pollMs = capabilitiesOf(pool).manySessions ? 1_000 : 10_000
  const settings = { ...defaults, pollMs, ...rest }
  await migrate(pool, {
    service: 'local-log',
    schema: 'local',
    role: localRole,
    directory: migrations,
    ...(signal === undefined ? {} : { signal }),
  })
  const closing = new AbortController()
  const closed = closing.signal
  const heads = createHeads(pool, { logger, pollMs: settings.pollMs, signal: closed })
  const claims = createClaims()
  const upkeep = { pool, claims, now: () => Date.now(), signal: closed }
  const upkeeping = runUpkeep(upkeep, settings.upkeepEveryMs, logger)
  return {
    publisher: () => createLocalPublisher({ pool, heads, logger, closed }),
    consumerDriver: {
      createConsumer: (consumer) =>
        createLocalConsumer({ ...settings, pool, heads, logger, claims }, consumer),
      readAt: (topic, partition, offset, until) => findRecord(pool, { topic, partition }, offset, until),
    },
    createTopics: (topics, until) => applyTopics(pool, topics, until ?? closed),
    watermarks: (topic, until) => readWatermarks(pool, topic, until),
    groupLag: (groupId, topics, until) => readGroupLag(pool, groupId, topics, until),
    async ping(until) {
      await withDeadline('ping', pingDeadlineMs, until, (signal) => findPartitions(pool, signal))
    },
    keepTopics: () => keepTopics(upkeep),
    async close() {
      closing.abort(publisherClosed())
      await upkeeping
    },
  }
}

async function readWatermarks(pool: Pool, topic: string, signal?: AbortSignal): Promise<Watermarks> {
  const rows = (await findPartitions(pool, signal)).filter((row) => row.topic === topic)
  if (rows.length === 0) throw unknownTopic(topic)
  return new Map(rows.map((row) => [row.partition, { low: BigInt(row.low), high: BigInt(row.high) }]))
}

async function readGroupLag(
  pool: Pool,
  groupId: string,
  topics: readonly string[],
  signal?: AbortSignal,
): Promise<PartitionLag[]> {
  const lags: PartitionLag[] = []
  for (const topic of topics.toSorted()) {
    for (const row of await findGroupOffsets(pool, groupId, topic, signal)) {
      const high = BigInt(row.high)
      const committed = row.committed === null ? null : BigInt(row.committed)
      const lag = high - (committed ?? BigInt(row.low))
      lags.push({ topic, partition: row.partition, committed, high, lag })
    }
  }
  return lags
}
