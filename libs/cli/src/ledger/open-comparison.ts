import type { SynapClient } from '@synap/client'
import { type AgreementLine, topicName } from '@synap/contracts'
import type { UserId } from '@synap/core'
import { createKafka } from '@synap/kafka'
import { compareStores, createPostgresStores } from '@synap/ledger'
import { silentLogger } from '@synap/messaging'
import { createPool } from '@synap/postgres'
import type { Connection } from '../connection.ts'

export interface ComparisonOptions {
  user?: UserId
  /** False leaves the topic out. */
  topic: boolean
  limit: number
  signal: AbortSignal
}

/** What is fetched at once: compressed, records may be many times smaller than in memory. */
const tuning = { maxBytesPerPartition: 65_536, maxBytes: 262_144, concurrency: 1 }
/** For pages of some thousand rows, on servers that are busy. */
const statementTimeoutMs = 60_000

/**
 * Compares the stores of all of Synap: in the servers themselves where their addresses are known, else told by Synap,
 * which answers this as standalone.
 */
export function openComparison(
  connection: Pick<Connection, 'env' | 'standalone'>,
  client: Pick<SynapClient, 'compareStores'>,
  options: ComparisonOptions,
): AsyncGenerator<AgreementLine, void> {
  // Servers that the environment names beside a standalone are not its own.
  const isElsewhere = connection.standalone !== undefined || !hasServers(connection, options)
  return isElsewhere ? client.compareStores(options) : compareServers(connection, options)
}

/** Whether the addresses of the servers that are read are known. */
export function hasServers(
  { env }: Pick<Connection, 'env'>,
  { topic }: Pick<ComparisonOptions, 'topic'>,
): boolean {
  return Boolean(env['DATABASE_URL']) && (Boolean(env['KAFKA_BROKERS']) || !topic)
}

/** Reads the servers themselves. */
export async function* compareServers(
  { env }: Pick<Connection, 'env'>,
  { user, topic, limit, signal }: ComparisonOptions,
): AsyncGenerator<AgreementLine, void> {
  const { DATABASE_URL: url = '', KAFKA_BROKERS: brokers = '', TOPIC_PREFIX: prefix = '' } = env
  const applicationName = 'synap-ledger'
  const pool = createPool({ url, applicationName, max: 1, statementTimeoutMs })
  const log = topic
    ? createKafka(
        { brokers: brokers.split(','), clientId: applicationName, logger: silentLogger },
        { tuning },
      )
    : undefined
  try {
    yield* compareStores({
      stores: createPostgresStores(pool, signal),
      topic: log === undefined ? null : { log, name: topicName('events', prefix) },
      user: user ?? null,
      limit,
      signal,
    })
  } finally {
    await log?.close()
    await pool.end()
  }
}
