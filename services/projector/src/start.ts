import { fileURLToPath } from 'node:url'
import type { SynapClient } from '@synap/client'
import type { ConsumerDriver, SchemaRegistry } from '@synap/messaging'
import type { ObjectStore } from '@synap/object-store'
import { assertMigrated, type Pool } from '@synap/postgres'
import type { ServiceContext } from '@synap/runtime'
import { addChecks } from './checks.ts'
import type { ProjectorConfig as Config } from './config.ts'
import { createConsumers } from './consumers.ts'

export type ProjectorOptions = Pick<Config, 'topicPrefix' | 'haltPercent'>

/** What the projector stands on; whoever made these closes them, after it. */
export interface ProjectorDrivers {
  pool: Pool
  consumerDriver: ConsumerDriver
  registry: Pick<SchemaRegistry, 'schemaById' | 'ping'>
  ingest: Pick<SynapClient, 'internalEvents' | 'heads'>
  store: Pick<ObjectStore, 'get' | 'check'>
}

export const migrations = fileURLToPath(new URL('../migrations', import.meta.url))

/** Starts the projector on its drivers. */
export async function startProjector(
  { config, logger, defer, health, fail }: ServiceContext<ProjectorOptions>,
  { pool, consumerDriver, registry, ingest, store }: ProjectorDrivers,
): Promise<void> {
  await assertMigrated(pool, 'projector', migrations)
  const consumers = createConsumers({ config, pool, consumerDriver, registry, ingest, store, logger })
  defer('consumers', () => consumers.close())
  addChecks(health, { pool, registry, store, consumers })
  await consumers.start(fail)
  const upkeep = consumers.startUpkeep()
  defer('upkeep', () => upkeep.stop())
}
