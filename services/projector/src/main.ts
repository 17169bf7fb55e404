import { fileURLToPath } from 'node:url'
import { createClient } from '@synap/client'
import { createKafka, createSchemaRegistry } from '@synap/kafka'
import { createS3Store } from '@synap/object-store'
import { assertMigrated, createPool } from '@synap/postgres'
import { runService } from '@synap/runtime'
import { addChecks } from './checks.ts'
import { ingestCalls, objectStoreOf, projectorConfig } from './config.ts'
import { createDerivedConsumer } from './derived-consumer.ts'
import { createEventsConsumer } from './events-consumer.ts'
import { createTextReader } from './read-text.ts'
import { startRetries } from './start-retries.ts'

const name = 'projector'
const migrations = fileURLToPath(new URL('../migrations', import.meta.url))

await runService(name, projectorConfig, async ({ config, logger, defer, health, fail }) => {
  const pool = createPool({ url: config.databaseUrl, applicationName: name, max: config.databasePoolSize })
  defer(() => pool.end())
  await assertMigrated(pool, name, migrations)
  const store = createS3Store(objectStoreOf(config))
  defer(() => store.close())
  const kafka = createKafka({ brokers: config.kafkaBrokers, clientId: name, logger })
  defer(() => kafka.close())
  const registry = createSchemaRegistry({ url: config.schemaRegistryUrl })
  const ingest = createClient(ingestCalls(config))

  const parts = { config, pool, consumerDriver: kafka.consumerDriver, registry, logger }
  const events = createEventsConsumer({ ...parts, ingest })
  const derived = createDerivedConsumer({ ...parts, readText: createTextReader(store) })
  defer(() => Promise.all([events.consumer.close(), derived.consumer.close()]))
  addChecks(health, {
    pool,
    registry,
    store,
    consumers: { events: events.consumer, derived: derived.consumer },
  })
  events.consumer.finished.catch(fail)
  derived.consumer.finished.catch(fail)
  await Promise.all([events.consumer.start(), derived.consumer.start()])

  const upkeep = events.inbox.startUpkeep()
  defer(() => upkeep.stop())
  defer(startRetries(logger, (signal) => derived.retryParked(signal)))
})
