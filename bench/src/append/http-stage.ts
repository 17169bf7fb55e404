import { type UserId, uuidv7 } from '@synap/core'
import { issueKey } from '@synap/ingest/api-keys'
import { createKafka, declaredTopics } from '@synap/kafka'
import { silentLogger } from '@synap/messaging'
import { createPool } from '@synap/postgres'
import { createBucket } from '@synap/servers'
import type { BenchServers } from '../servers.ts'
import { startService } from '../service.ts'
import { noteSchemas } from './stores.ts'

export interface HttpStage extends AsyncDisposable {
  url: string
  /** Of users of their own: captures of one user wait for each other. */
  keys: readonly string[]
  pid: number
  /** Resolves when all that was captured is published. */
  idle(): Promise<void>
  /** Events that are in the outbox. */
  count(): Promise<number>
}

const users = 64
const bucket = 'bench'

/** Ingest as a process on its own database, with its relay at work on Kafka. */
export async function startHttpStage(
  servers: BenchServers,
  database: string,
  signal: AbortSignal,
): Promise<HttpStage> {
  const databaseUrl = await servers.createDatabase(database, ['ingest'])
  await noteSchemas(servers, database)
  const kafka = createKafka({
    brokers: [servers.addresses.KAFKA_BROKERS],
    clientId: 'bench',
    logger: silentLogger,
  })
  await kafka.createTopics(declaredTopics(''), signal)
  await kafka.close()
  const { S3_ENDPOINT: endpoint, S3_REGION: region, ...access } = servers.addresses
  const secrets = { accessKeyId: access.S3_ACCESS_KEY_ID, secretAccessKey: access.S3_SECRET_ACCESS_KEY }
  await createBucket({ endpoint, region, ...secrets }, bucket, signal)
  const keys = await issueKeys(databaseUrl)
  const service = await startService('ingest', {
    ...servers.addresses,
    DATABASE_URL: databaseUrl,
    // As many as there are requests under way at most: none waits for another's connection.
    DATABASE_POOL_SIZE: '64',
    S3_BUCKET: bucket,
    REQUESTS_PER_MINUTE: '100000000',
    SWEEP_EVERY_MS: '0',
  })
  const ask = async (what: string) =>
    Number((await servers.sql(database, `select ${what} from write.outbox;`))[0])
  try {
    await service.waitReady(signal)
  } catch (error) {
    await service.end('SIGKILL')
    throw error
  }
  return {
    url: `${service.url}/v1/entities`,
    keys,
    pid: service.pid,
    count: () => ask('count(*)'),
    async idle() {
      while ((await ask('count(*) filter (where published_at is null)')) > 0) signal.throwIfAborted()
    },
    [Symbol.asyncDispose]: () => service.end('SIGKILL'),
  }
}

async function issueKeys(databaseUrl: string): Promise<string[]> {
  const pool = createPool({ url: databaseUrl, applicationName: 'bench-keys', max: 4 })
  try {
    const issue = () => issueKey(pool, uuidv7() as UserId, { name: 'bench', scopes: ['write'] })
    return (await Promise.all(Array.from({ length: users }, issue))).map(({ key }) => key)
  } finally {
    await pool.end()
  }
}
