import { fileURLToPath } from 'node:url'
import type { SynapClient } from '@synap/client'
import type { ConsumerDriver, SchemaRegistry } from '@synap/messaging'
import { assertMigrated, type Pool } from '@synap/postgres'
import type { ServiceContext } from '@synap/runtime'
import { addChecks } from './checks.ts'
import { type OpenPool, startCompression } from './compress-chunks.ts'
import type { EventsWriterConfig as Config } from './config.ts'
import { createEventsConsumer } from './consumer.ts'
import { startFittingChunks } from './fit-chunks.ts'
import { startSnapshots } from './make-snapshots.ts'
import { prepareStorage } from './prepare-storage.ts'

export type EventsWriterOptions = Pick<
  Config,
  | 'topicPrefix'
  | 'haltPercent'
  | 'logChunkHours'
  | 'logChunkMegabytes'
  | 'logCompressAfterDays'
  | 'logRetentionDays'
>

/** What the events-writer stands on; whoever made these closes them, after it. */
export interface EventsWriterDrivers {
  pool: Pool
  consumerDriver: ConsumerDriver
  registry: Pick<SchemaRegistry, 'schemaById' | 'ping'>
  ingest: Pick<SynapClient, 'internalEvents' | 'heads'>
  /** A pool for statements that take minutes; without it nothing is compressed. */
  openLongPool?: OpenPool
}

export const migrations = fileURLToPath(new URL('../migrations', import.meta.url))

/** Starts the events-writer on its drivers. */
export async function startEventsWriter(
  { config, logger, defer, health, fail }: ServiceContext<EventsWriterOptions>,
  { pool, consumerDriver, registry, ingest, openLongPool }: EventsWriterDrivers,
): Promise<void> {
  await assertMigrated(pool, 'events-writer', migrations)
  const storage = await prepareStorage(pool, config)
  logger.info({ ...storage }, 'the log has its storage')
  if (openLongPool !== undefined) {
    const compression = startCompression(openLongPool, config, storage, logger)
    defer('compression', () => compression.stop())
  }
  const fitting = startFittingChunks(pool, config, storage, logger)
  defer('chunks', () => fitting.stop())
  const { consumer, inbox } = createEventsConsumer({ config, pool, consumerDriver, registry, ingest, logger })
  defer('consumer', () => consumer.close())
  addChecks(health, { pool, consumer, registry })
  consumer.finished.catch(fail)
  await consumer.start()
  const upkeep = inbox.startUpkeep()
  defer('upkeep', () => upkeep.stop())
  const snapshots = startSnapshots(pool, logger)
  defer('snapshots', () => snapshots.stop())
}
