import { fileURLToPath } from 'node:url'
import { createClient } from '@synap/client'
import { createKafka, createSchemaRegistry } from '@synap/kafka'
import { assertMigrated, createPool } from '@synap/postgres'
import { runService } from '@synap/runtime'
import { addChecks } from './checks.ts'
import { startCompression } from './compress-chunks.ts'
import { eventsWriterConfig, ingestCalls } from './config.ts'
import { createEventsConsumer } from './consumer.ts'
import { prepareStorage } from './prepare-storage.ts'

const name = 'events-writer'
const migrations = fileURLToPath(new URL('../migrations', import.meta.url))

await runService(name, eventsWriterConfig, async ({ config, logger, defer, health, fail }) => {
  const pool = createPool({ url: config.databaseUrl, applicationName: name, max: config.databasePoolSize })
  defer(() => pool.end())
  await assertMigrated(pool, name, migrations)
  const storage = await prepareStorage(pool, config)
  logger.info({ ...storage }, 'the log has its storage')
  const compression = startCompression(config, storage, logger)
  defer(() => compression.stop())

  const tuning = { sessionTimeoutMs: config.kafkaSessionTimeoutMs }
  const kafka = createKafka({ brokers: config.kafkaBrokers, clientId: name, logger }, { tuning })
  defer(() => kafka.close())
  const registry = createSchemaRegistry({ url: config.schemaRegistryUrl })
  const ingest = createClient(ingestCalls(config))

  const { consumerDriver } = kafka
  const { consumer, inbox } = createEventsConsumer({ config, pool, consumerDriver, registry, ingest, logger })
  defer(() => consumer.close())
  addChecks(health, { pool, consumer, registry })
  consumer.finished.catch(fail)
  await consumer.start()

  const upkeep = inbox.startUpkeep()
  defer(() => upkeep.stop())
})
