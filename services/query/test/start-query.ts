import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ModelProvider } from '@synap/ai'
import { createEventLog, createPositionWaiter, createSubscriptions } from '@synap/event-log'
import type { App, RequestCredential } from '@synap/http'
import { createFolderStore, type ObjectStore } from '@synap/object-store'
import { createPool, type Pool, queryRole } from '@synap/postgres'
import { createLogger } from '@synap/telemetry'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { createCursorCodec, createSequenceCursorCodec } from '../src/cursor.ts'
import type { StreamLimits } from '../src/event-streams.ts'
import { createExportJobs } from '../src/exports/export-jobs.ts'
import { logStore } from '../src/place.ts'
import { createPositionReader, createReadModel } from '../src/read-model.ts'
import { buildServer } from '../src/server.ts'
import { createVectorCache, type VectorCache } from '../src/vectors/vector-cache.ts'

export interface TestQuery {
  app: App
  pool: Pool
  store: ObjectStore
  vectors: VectorCache
  database: TestDatabase
  /** Where the objects lie on the disk. */
  folder: string
  /** GET as the owner of a key; a user's key is the user's id. */
  get(path: string, user?: string, headers?: Record<string, string>): Promise<Answer>
  close(): Promise<void>
}

export interface Answer {
  status: number
  headers: Record<string, string | string[] | number | undefined>
  text: string
  // Tests look into answers of any shape; what they expect of them says which.
  json: ReturnType<typeof JSON.parse>
}

/** Short times for what takes long. */
export interface TestStreams extends StreamLimits {
  idleMs?: number
  /** Keys that do not hold any more. */
  revoked?: ReadonlySet<string>
  /** Keys that may operate. */
  operators?: ReadonlySet<string>
  /** Keys that may write. */
  writers?: ReadonlySet<string>
  vectorCacheBytes?: number
}

/** Query on a database of its own and, unless a store is given, a folder of objects; without a port. Keys are user ids. A
 * database that is given stays open. */
export async function startQuery(
  providers: readonly ModelProvider[] = [],
  given?: ObjectStore,
  streams: TestStreams = {},
  shared?: TestDatabase,
): Promise<TestQuery> {
  const database = shared ?? (await createTestDatabase(['ingest', 'events-writer', 'projector', 'enricher']))
  const pool = createPool({ url: database.url, applicationName: 'query-test', max: 6 })
  const folder = await mkdtemp(join(tmpdir(), 'synap-query-'))
  const store = given ?? createFolderStore(folder)
  const waiter = createPositionWaiter({ readPositions: createPositionReader(pool), recheckMs: 20 })
  const logWaiter = createPositionWaiter({
    readPositions: createPositionReader(pool, logStore),
    recheckMs: 20,
  })
  const log = createEventLog({ pool, role: queryRole })
  const {
    idleMs = 15_000,
    revoked,
    operators,
    writers,
    vectorCacheBytes = 67_108_864,
    ...streamLimits
  } = streams
  const logger = createLogger('query', { level: 'silent' })
  const exports = createExportJobs({ log, store, logger })
  const vectors = createVectorCache({ pool, logger, maxBytes: vectorCacheBytes })
  const app = await buildServer({
    pool,
    exports,
    vectors,
    readModel: createReadModel(pool, waiter),
    eventLog: createReadModel(pool, logWaiter, logStore),
    subscriptions: createSubscriptions({ pool, role: queryRole, log, recheckMs: 20, idleMs, pageLength: 20 }),
    streamLimits,
    sequences: createSequenceCursorCodec('a secret of the test'),
    store,
    providers,
    cursors: createCursorCodec('a secret of the test'),
    cursorSecret: 'a secret of the test',
    authenticate: (token) =>
      Promise.resolve(
        revoked?.has(token) === true
          ? undefined
          : ({
              userId: token,
              keyId: token,
              scopes: [
                'read',
                ...(operators?.has(token) === true ? ['operate'] : []),
                ...(writers?.has(token) === true ? ['write'] : []),
              ],
            } as unknown as RequestCredential),
      ),
    logger,
  })
  return {
    app,
    pool,
    store,
    vectors,
    database,
    folder,
    async get(path, user, headers = {}) {
      const authorization: Record<string, string> =
        user === undefined ? {} : { authorization: `Bearer ${user}` }
      const response = await app.inject({
        method: 'GET',
        url: path,
        headers: { ...authorization, ...headers },
      })
      const isJson = String(response.headers['content-type']).includes('json')
      return {
        status: response.statusCode,
        headers: response.headers,
        text: response.body,
        json: isJson ? response.json() : undefined,
      }
    },
    async close() {
      await app.close()
      await vectors.close()
      await exports.close()
      await store.close()
      await pool.end()
      if (shared === undefined) await database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
