import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import {
  createEmbeddedDatabase,
  createFixedRegistry,
  createLocalLog,
  type SignalOptions,
} from '@synap/embedded'
import { endLeases } from '@synap/ingest/end-leases'
import type { MessageLog, SchemaRegistry } from '@synap/messaging'
import { createFolderStore, type ObjectStore } from '@synap/object-store'
import type { Listener, Pool } from '@synap/postgres'
import type { ServiceContext } from '@synap/runtime'
import type { StandaloneConfig } from './config.ts'
import { findOrMakeKeys, type Keys } from './keys.ts'
import { migrateAll, prepareLog } from './prepare.ts'
import { traceStore } from './traced-store.ts'

export interface Drivers {
  pool: Pool
  log: MessageLog
  registry: SchemaRegistry
  store: ObjectStore
  keys: Keys
  /** Told once it is known: where the links lead that the store gives out. */
  servedAt: (url: string) => void
  listen: (options: SignalOptions) => Promise<Listener>
}

/** Opens everything the services stand on, ready to be used, in the data folder. */
export async function openDrivers({
  config,
  logger,
  defer,
  signal,
  fail,
}: ServiceContext<StandaloneConfig>): Promise<Drivers> {
  const { dataDir } = config
  const database = await createEmbeddedDatabase({ dataDir, logger, onExit: fail })
  defer('database', () => database.close())
  const { pool } = database
  await migrateAll(pool, signal)
  // The folder is ours, so whoever held a lease is gone: what it had under way need not be waited for.
  const requests = await endLeases(pool)
  if (requests > 0) logger.warn({ requests }, 'the last process ended in the middle of these requests')
  const log = await createLocalLog({ pool, logger, signal })
  defer('log', () => log.close())
  const registry = createFixedRegistry()
  await prepareLog(pool, log, registry, signal)
  const keys = await findOrMakeKeys(pool, dataDir)
  let url = config.publicUrl
  const signing = { baseUrl: () => url ?? '', secret: linkSecret(keys.serviceKey) }
  const store = traceStore(createFolderStore(join(dataDir, 'objects'), signing))
  defer('object store', () => store.close())
  return {
    pool,
    log,
    registry,
    store,
    keys,
    servedAt: (found) => {
      url ??= found
    },
    listen: (options) => database.listen(options),
  }
}

/** Of its own, and the same at each start: what is signed with it says nothing about the key. */
const linkSecret = (serviceKey: string) =>
  createHmac('sha256', serviceKey).update('synap: links to objects').digest()
