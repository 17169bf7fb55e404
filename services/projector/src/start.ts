import { fileURLToPath } from 'node:url'
import type { SynapClient } from '@synap/client'
import type { ConsumerDriver, SchemaRegistry } from '@synap/messaging'
import type { ObjectStore } from '@synap/object-store'
import { assertMigrated, type Pool } from '@synap/postgres'
import type { ServiceContext } from '@synap/runtime'
import { addChecks } from './checks.ts'
import type { ProjectorConfig as Config } from './config.ts'
import { followReadModels } from './follow-read-models.ts'

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
  const drivers = { config, pool, consumerDriver, registry, ingest, store, logger }
  const follower = await followReadModels({ ...drivers, fail })
  defer('read models', () => follower.close())
  addChecks(health, { pool, registry, store, consumer: follower.consumer })
}
