import { fileURLToPath } from 'node:url'
import { createClient } from '@synap/client'
import { createKafka, createSchemaRegistry } from '@synap/kafka'
import { createS3Store } from '@synap/object-store'
import { assertMigrated, createPool } from '@synap/postgres'
import { runService } from '@synap/runtime'
import { addChecks } from './checks.ts'
import { ingestCalls, objectStoreOf, poolOf, projectorConfig } from './config.ts'
import { createConsumers } from './consumers.ts'

const name = 'projector'
const migrations = fileURLToPath(new URL('../migrations', import.meta.url))

await runService(name, projectorConfig, async ({ config, logger, defer, health, fail }) => {
  const pool = createPool({ ...poolOf(config), applicationName: name })
  defer(() => pool.end())
  await assertMigrated(pool, name, migrations)
  const store = createS3Store(objectStoreOf(config))
  defer(() => store.close())
  const tuning = { sessionTimeoutMs: config.kafkaSessionTimeoutMs }
  const kafka = createKafka({ brokers: config.kafkaBrokers, clientId: name, logger }, { tuning })
  defer(() => kafka.close())
  const registry = createSchemaRegistry({ url: config.schemaRegistryUrl })
  const ingest = createClient(ingestCalls(config))

  const { consumerDriver } = kafka
  const consumers = createConsumers({ config, pool, consumerDriver, registry, ingest, store, logger })
  defer(() => consumers.close())
  addChecks(health, { pool, registry, store, consumers })
  await consumers.start(fail)
  const upkeep = consumers.startUpkeep()
  defer(() => upkeep.stop())
})
