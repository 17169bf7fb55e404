import { sha256Hex, type UserId } from '@synap/core'
import { createKafka } from '@synap/kafka'
import { createS3Store, type ObjectStore } from '@synap/object-store'
import { createPool, type Pool, query, transaction } from '@synap/postgres'
import { CommandError } from '../command-error.ts'
import type { Connection } from '../connection.ts'
import type { Ledger } from './ledger.ts'
import { countEventsInTopic } from './read-topic.ts'
import * as sql from './sql.ts'

/** Reads what each store holds of the user whose key the connection has. */
export interface LedgerReader extends AsyncDisposable {
  /** Everything but the topic. */
  read(): Promise<Ledger>
  /** Reads the user's partition of the topic from its beginning. */
  readTopic(): Promise<{ events: number; repeated: number }>
}

const needed = ['DATABASE_URL', 'KAFKA_BROKERS', 'S3_ENDPOINT', 'S3_BUCKET', 'S3_ACCESS_KEY_ID'] as const

/** Opens the stores, or answers undefined where their addresses are not known. The reader must be disposed. */
export async function openLedger({
  env,
  apiKey,
}: Pick<Connection, 'env' | 'apiKey'>): Promise<LedgerReader | undefined> {
  if (needed.some((name) => !env[name])) return undefined
  const of = (name: string) => env[name] ?? ''
  const pool = createPool({ url: of('DATABASE_URL'), applicationName: 'synap-ledger', max: 2 })
  const store = createS3Store({
    endpoint: of('S3_ENDPOINT'),
    region: of('S3_REGION'),
    bucket: of('S3_BUCKET'),
    accessKeyId: of('S3_ACCESS_KEY_ID'),
    secretAccessKey: of('S3_SECRET_ACCESS_KEY'),
  })
  const kafka = createKafka({
    brokers: of('KAFKA_BROKERS').split(','),
    clientId: 'synap-ledger',
    logger: silent,
  })
  const close = async () => {
    await kafka.close()
    await store.close()
    await pool.end()
  }
  try {
    const userId = await findUser(pool, apiKey)
    return {
      read: () => readLedger(pool, store, userId),
      readTopic: () => countEventsInTopic(kafka, `${of('TOPIC_PREFIX')}synap.events.v1`, userId),
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }

async function findUser(pool: Pool, apiKey: string): Promise<UserId> {
  const [row] = await transaction(pool, { role: 'synap_ingest' }, (client) =>
    query<{ user_id: UserId }>(client, sql.findUserOfKey(sha256Hex(apiKey))),
  )
  if (row === undefined)
    throw new CommandError('The database does not know this API key; the ledger cannot be read.')
  return row.user_id
}

async function readLedger(pool: Pool, store: ObjectStore, userId: UserId): Promise<Ledger> {
  const one = async <T>(role: string, statement: { text: string; values: unknown[] }): Promise<T> => {
    const rows = await transaction(pool, { role, userId }, (client) => query<T>(client, statement))
    return rows[0] as T
  }
  const write = await one<sql.WriteCounts>('synap_ingest', sql.countWrite(userId))
  const [log, readModel, jobs, keys] = [
    await one<Ledger['log']>('synap_events_writer', sql.countLog(userId)),
    await one<Ledger['readModel']>('synap_projector', sql.countReadModel(userId)),
    await one<Ledger['jobs']>('synap_enricher', sql.countJobs(userId)),
    await transaction(pool, { role: 'synap_ingest', userId }, (client) =>
      query<{ object_key: string }>(client, sql.listObjects(userId)),
    ),
  ]
  return {
    userId,
    acknowledged: { items: write.items, withContent: write.with_content, events: write.events },
    objects: await compareObjects(store, userId, new Set(keys.map((row) => row.object_key))),
    outbox: { events: write.outbox, unpublished: write.unpublished },
    topic: undefined,
    log,
    readModel,
    jobs,
  }
}

/** Only keys of content: what was derived from it is not in the write model's list. */
async function compareObjects(
  store: ObjectStore,
  userId: UserId,
  referenced: ReadonlySet<string>,
): Promise<Ledger['objects']> {
  let present = 0
  let unreferenced = 0
  const own = `users/${userId}/`
  for await (const { key } of store.list(own)) {
    if (referenced.has(key)) present += 1
    else if (!/^(derived|exports)\//.test(key.slice(own.length))) unreferenced += 1
  }
  return { referenced: referenced.size, present, unreferenced }
}
