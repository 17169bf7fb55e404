import { ApiError, type SynapClient } from '@synap/client'
import { topicName } from '@synap/contracts'
import { createKafka } from '@synap/kafka'
import { createLedgerReader, findUserOfKey, type LedgerReader } from '@synap/ledger'
import { silentLogger } from '@synap/messaging'
import { createS3Store } from '@synap/object-store'
import { createPool } from '@synap/postgres'
import { CommandError } from '../command-error.ts'
import type { Connection } from '../connection.ts'

/** A reader that may hold connections of its own, so it must be disposed of. */
export type OpenLedger = LedgerReader & AsyncDisposable

const needed = ['DATABASE_URL', 'KAFKA_BROKERS', 'S3_ENDPOINT', 'S3_BUCKET', 'S3_ACCESS_KEY_ID'] as const

/**
 * The ledger of the user whose key the connection has: from the servers where their addresses are known, else from
 * Synap itself, which answers this as standalone. Undefined where neither can be had.
 */
export async function openLedger(
  connection: Pick<Connection, 'env' | 'apiKey' | 'standalone'>,
  client: Pick<SynapClient, 'ledger'>,
): Promise<OpenLedger | undefined> {
  // Servers that the environment names beside a standalone are not its own.
  const hasServers = needed.every((name) => connection.env[name])
  return hasServers && connection.standalone === undefined ? openServers(connection) : askSynap(client)
}

async function openServers({ env, apiKey }: Pick<Connection, 'env' | 'apiKey'>): Promise<OpenLedger> {
  const of = (name: string) => env[name] ?? ''
  const pool = createPool({ url: of('DATABASE_URL'), applicationName: 'synap-ledger', max: 2 })
  const store = createS3Store({
    endpoint: of('S3_ENDPOINT'),
    region: of('S3_REGION'),
    bucket: of('S3_BUCKET'),
    accessKeyId: of('S3_ACCESS_KEY_ID'),
    secretAccessKey: of('S3_SECRET_ACCESS_KEY'),
  })
  const brokers = of('KAFKA_BROKERS').split(',')
  const log = createKafka({ brokers, clientId: 'synap-ledger', logger: silentLogger })
  const close = async () => {
    await log.close()
    await store.close()
    await pool.end()
  }
  try {
    const userId = await findUserOfKey(pool, apiKey)
    if (userId === undefined)
      throw new CommandError('The database does not know this API key; the ledger cannot be read.')
    const topic = { log, name: topicName('events', of('TOPIC_PREFIX')) }
    return { ...createLedgerReader({ pool, store, topic }, userId), [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

async function askSynap(client: Pick<SynapClient, 'ledger'>): Promise<OpenLedger | undefined> {
  const withSignal = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal })
  try {
    await client.ledger()
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
  return {
    read: (signal) => client.ledger(withSignal(signal)),
    async readTopic(signal) {
      const { topic } = await client.ledger({ ...withSignal(signal), topic: true })
      if (topic === null) throw new CommandError('Synap did not read its topic, though it was asked to.')
      return topic
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}
