import type { ModelProvider } from '@synap/ai'
import { readMovedPositions } from '@synap/contracts'
import type { UserId } from '@synap/core'
import { createEventLog, createPositionWaiter, createSubscriptions } from '@synap/event-log'
import type { App, Authenticate, Limits } from '@synap/http'
import type { ObjectStore } from '@synap/object-store'
import { type Listener, type ListenOptions, type Pool, query, queryRole } from '@synap/postgres'
import type { ServiceContext } from '@synap/runtime'
import { observe } from '@synap/telemetry'
import { createCursorCodec, createSequenceCursorCodec } from './cursor.ts'
import { createExportJobs } from './exports/export-jobs.ts'
import { logStore } from './place.ts'
import { createPositionReader, createReadModel } from './read-model.ts'
import { buildServer } from './server.ts'
import { createVectorCache } from './vectors/vector-cache.ts'

export { searchConfig } from './config.ts'

/** What query stands on; whoever made these closes them, after it. */
export interface QueryDrivers {
  pool: Pool
  store: ObjectStore
  /** Projector and events-writer notify once per batch; without a direct connection the positions are looked at every 50 ms. */
  listen: (options: Pick<ListenOptions, 'channels' | 'onNotify'>) => Listener | Promise<Listener>
  /** Every model that questions can be embedded with. */
  providers: readonly ModelProvider[]
  authenticate: Authenticate
  /** Bytes of vectors that are kept in memory for search; 0: none. */
  vectorCacheBytes: number
  /** Shared by all instances of the service, as cursors have to be. */
  cursorSecret: string
}

/** Starts query on its drivers. The app that is answered does not listen yet. */
export async function startQuery(
  {
    config: limits,
    logger,
    defer,
    health,
  }: Pick<ServiceContext<Limits>, 'config' | 'logger' | 'defer' | 'health'>,
  { pool, store, listen, providers, authenticate, vectorCacheBytes, cursorSecret }: QueryDrivers,
): Promise<App> {
  const readPositions = createPositionReader(pool)
  await readPositions([]) // refuses a database without a read model, or with one of an unknown shape
  const waiter = createPositionWaiter({ readPositions })
  const logWaiter = createPositionWaiter({ readPositions: createPositionReader(pool, logStore) })
  const log = createEventLog({ pool, role: queryRole })
  const subscriptions = createSubscriptions({ pool, role: queryRole, log })
  const wake: Record<string, (moved: ReadonlyMap<UserId, number> | undefined) => void> = {
    read_positions: (moved) => waiter.wake(moved),
    log_positions: (moved) => {
      logWaiter.wake(moved)
      subscriptions.wake()
    },
  }
  const listener = await listen({
    channels: Object.keys(wake),
    onNotify: (channel, payload) => wake[channel]?.(readMovedPositions(payload)),
  })
  defer('listener', () => listener.close())

  const exports = createExportJobs({ log, store, logger })
  defer('exports', () => exports.close())

  const vectors = createVectorCache({ pool, logger, maxBytes: vectorCacheBytes })
  defer('vectors', () => vectors.close())
  const help = 'Memory of this process that vectors are kept in for search.'
  defer(
    'gauge of vectors',
    observe('synap_query_vector_cache_bytes', { help }, () => vectors.bytes()),
  )

  const server = await buildServer({
    pool,
    readModel: createReadModel(pool, waiter),
    eventLog: createReadModel(pool, logWaiter, logStore),
    subscriptions,
    store,
    exports,
    providers,
    vectors,
    cursors: createCursorCodec(cursorSecret),
    cursorSecret,
    sequences: createSequenceCursorCodec(cursorSecret),
    authenticate,
    limits,
    logger,
  })
  defer('server', () => server.close())
  health.ready('database', () => query(pool, { text: 'select 1' }))
  health.ready('object-store', (signal) => store.check(signal), { needed: false })
  return server
}
