import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type UserId, uuidv7 } from '@synap/core'
import { issueKey } from '@synap/ingest/api-keys'
import { createKafka, declaredTopics } from '@synap/kafka'
import { silentLogger } from '@synap/messaging'
import { createPool, type Pool } from '@synap/postgres'
import { createBucket } from '@synap/servers'
import { repositoryRoot } from '../repository.ts'
import type { BenchServers } from '../servers.ts'
import { startService } from '../service.ts'

const bucket = 'bench'

export interface Pipeline {
  ingestUrl: string
  queryUrl: string
  databaseUrl: string
  /** Of users of their own: some are looked at, the others are load. */
  probeKeys: readonly string[]
  loadKeys: readonly string[]
  /** Resolves when everything that was captured can be read. */
  level(): Promise<void>
}

/** Ingest with its relay, projector and query, as processes on servers of their own; they end with `scope`. */
export async function startPipeline(
  servers: BenchServers,
  database: string,
  scope: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Pipeline> {
  const databaseUrl = await servers.createDatabase(database, [
    'ingest',
    'events-writer',
    'projector',
    'enricher',
  ])
  await prepare(servers, databaseUrl, signal)
  const pool = createPool({ url: databaseUrl, applicationName: 'bench-keys', max: 4 })
  scope.defer(() => pool.end())
  const issue = (count: number, scopes: Parameters<typeof issueKey>[2]['scopes']) =>
    issueKeys(pool, count, scopes)
  const [serviceKey = ''] = await issue(1, ['act:any', 'read', 'write', 'trace:continue'])
  const env = {
    ...servers.addresses,
    DATABASE_URL: databaseUrl,
    DATABASE_DIRECT_URL: databaseUrl,
    S3_BUCKET: bucket,
    SERVICE_API_KEY: serviceKey,
    REQUESTS_PER_MINUTE: '100000000',
    SWEEP_EVERY_MS: '0',
  }
  const start = async (name: string, more: Record<string, string> = {}) => {
    const service = scope.use(await startService(name, { ...env, ...more }))
    await service.waitReady(signal)
    return service
  }
  const ingest = await start('ingest')
  await start('projector', { INGEST_URL: ingest.url })
  const query = await start('query', { INGEST_URL: ingest.url })
  const behind = async () => {
    const [users] = await servers.sql(
      database,
      `select count(*) from write.users u left join read_v1.user_positions p using (user_id)
         where u.sequence > coalesce(p.seen, 0);`,
    )
    return Number(users)
  }
  return {
    ingestUrl: ingest.url,
    queryUrl: query.url,
    databaseUrl,
    probeKeys: await issue(8, ['read', 'write']),
    loadKeys: await issue(64, ['write']),
    async level() {
      while ((await behind()) > 0) signal.throwIfAborted()
    },
  }
}

async function prepare(servers: BenchServers, databaseUrl: string, signal: AbortSignal): Promise<void> {
  const { S3_ENDPOINT: endpoint, S3_REGION: region, ...access } = servers.addresses
  const secrets = { accessKeyId: access.S3_ACCESS_KEY_ID, secretAccessKey: access.S3_SECRET_ACCESS_KEY }
  await createBucket({ endpoint, region, ...secrets }, bucket, signal)
  const kafka = createKafka({ brokers: [access.KAFKA_BROKERS], clientId: 'bench', logger: silentLogger })
  await kafka.createTopics(
    ['', 'floors.', 'least.'].flatMap((prefix) => declaredTopics(prefix)),
    signal,
  )
  await kafka.close()
  const program = join(repositoryRoot, 'services', 'ingest', 'src', 'register-schemas.ts')
  const env = { PATH: process.env['PATH'], ...servers.addresses, DATABASE_URL: databaseUrl }
  await promisify(execFile)(process.execPath, [program], { env, signal })
}

const issueKeys = async (pool: Pool, count: number, scopes: Parameters<typeof issueKey>[2]['scopes']) => {
  const issue = () => issueKey(pool, uuidv7() as UserId, { name: 'bench', scopes })
  return (await Promise.all(Array.from({ length: count }, issue))).map(({ key }) => key)
}
