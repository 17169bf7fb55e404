import { createClient } from '@synap/client'
import { createKafka, createSchemaRegistry } from '@synap/kafka'
import { createS3Store } from '@synap/object-store'
import { createPool } from '@synap/postgres'
import { ingestCalls, runService, s3Access } from '@synap/runtime'
import { poolOf, projectorConfig } from './config.ts'
import { startProjector } from './start.ts'

const name = 'projector'

await runService(name, projectorConfig, async (context) => {
  const { config, logger, defer } = context
  const pool = createPool({ ...poolOf(config), applicationName: name })
  defer('database', () => pool.end())
  const store = createS3Store(s3Access(config))
  defer('object store', () => store.close())
  const tuning = { sessionTimeoutMs: config.kafkaSessionTimeoutMs }
  const kafka = createKafka({ brokers: config.kafkaBrokers, clientId: name, logger }, { tuning })
  defer('kafka', () => kafka.close())
  const { consumerDriver } = kafka
  const registry = createSchemaRegistry({ url: config.schemaRegistryUrl })
  const ingest = createClient(ingestCalls(config))
  await startProjector(context, { pool, store, consumerDriver, registry, ingest })
})
