import { fileURLToPath } from 'node:url'
import type { ModelProvider } from '@synap/ai'
import type { SynapClient } from '@synap/client'
import type { MessageLog, SchemaRegistry } from '@synap/messaging'
import type { ObjectStore } from '@synap/object-store'
import { assertMigrated, type Pool } from '@synap/postgres'
import type { ServiceContext } from '@synap/runtime'
import { addChecks } from './checks.ts'
import type { EnricherConfig as Config } from './config.ts'
import { createEventsConsumer } from './consumer.ts'
import type { BudgetConfig } from './costs/budget-config.ts'
import { startEnrichment } from './enrich.ts'
import { watchModel } from './watch-model.ts'

export type EnricherOptions = Pick<
  Config,
  | 'topicPrefix'
  | 'defaultTimeZone'
  | 'enrichConcurrency'
  | 'enrichPerUser'
  | 'enrichLeaseMs'
  | 'enrichPollMs'
  | 'enrichRetryMs'
  | 'enrichNewTags'
  | 'enrichBreakerFailures'
  | 'enrichBreakerMs'
> &
  BudgetConfig

export { type BudgetConfig, budgetConfig } from './costs/budget-config.ts'

/** What the enricher stands on; whoever made these closes them, after it. */
export interface EnricherDrivers {
  pool: Pool
  log: Pick<MessageLog, 'publisher' | 'consumerDriver' | 'watermarks'>
  registry: Pick<SchemaRegistry, 'schemaById' | 'idOf' | 'ping'>
  objects: ObjectStore
  client: Pick<SynapClient, 'internalEvents' | 'heads' | 'recordAnalysis' | 'enrich'>
  provider: ModelProvider
}

export const migrations = fileURLToPath(new URL('../migrations', import.meta.url))

/** Starts the enricher on its drivers. */
export async function startEnricher(
  { config, logger, defer, health, fail }: ServiceContext<EnricherOptions>,
  drivers: EnricherDrivers,
): Promise<void> {
  const { pool, registry, objects } = drivers
  await assertMigrated(pool, 'enricher', migrations)
  const provider = watchModel(drivers.provider)
  const tools = { ...drivers, provider, config, logger, defer, fail }
  const workers = await startEnrichment(tools)
  const { consumer, inbox } = createEventsConsumer({ ...tools, onJobs: () => workers.wake() })
  defer('consumer', () => consumer.close())
  addChecks(health, { pool, consumer, registry, objects, workers, model: provider })
  consumer.finished.catch(fail)
  await consumer.start()
  const upkeep = inbox.startUpkeep()
  defer('upkeep', () => upkeep.stop())
}
