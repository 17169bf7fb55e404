import { fileURLToPath } from 'node:url'
import { createClient } from '@synap/client'
import { createKafka, createSchemaRegistry } from '@synap/kafka'
import { createS3Store } from '@synap/object-store'
import { assertMigrated, createPool } from '@synap/postgres'
import { runService } from '@synap/runtime'
import { addChecks } from './checks.ts'
import { configSchema, ingestCalls, storeOf } from './config.ts'
import { createEventsConsumer } from './consumer.ts'
import { startEnrichment } from './enrich.ts'
import { createProvider } from './provider.ts'
import { watchModel } from './watch-model.ts'

const name = 'enricher'
const migrations = fileURLToPath(new URL('../migrations', import.meta.url))

await runService(name, configSchema, async ({ config, logger, defer, health, fail }) => {
  const pool = createPool({ url: config.databaseUrl, applicationName: name, max: config.databasePoolSize })
  defer(() => pool.end())
  await assertMigrated(pool, name, migrations)

  const tuning = { sessionTimeoutMs: config.kafkaSessionTimeoutMs }
  const kafka = createKafka({ brokers: config.kafkaBrokers, clientId: name, logger }, { tuning })
  defer(() => kafka.close())
  const objects = createS3Store(storeOf(config))
  defer(() => objects.close())
  const registry = createSchemaRegistry({ url: config.schemaRegistryUrl })
  const client = createClient(ingestCalls(config))
  const provider = watchModel(createProvider(config))
  const tools = { config, pool, kafka, registry, objects, client, provider, logger, defer, fail }
  const workers = await startEnrichment(tools)
  const { consumer, inbox } = createEventsConsumer({ ...tools, onJobs: () => workers.wake() })
  defer(() => consumer.close())
  addChecks(health, { pool, consumer, registry, objects, workers, model: provider })
  consumer.finished.catch(fail)
  await consumer.start()
  const upkeep = inbox.startUpkeep()
  defer(() => upkeep.stop())
})
