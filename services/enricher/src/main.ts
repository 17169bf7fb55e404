import { chooseProvider } from '@synap/ai'
import { createClient } from '@synap/client'
import { createKafka, createSchemaRegistry } from '@synap/kafka'
import { createS3Store } from '@synap/object-store'
import { createPool } from '@synap/postgres'
import { ingestCalls, runService, s3Access } from '@synap/runtime'
import { configSchema } from './config.ts'
import { startEnricher } from './start.ts'

const name = 'enricher'

await runService(name, configSchema, async (context) => {
  const { config, logger, defer } = context
  const pool = createPool({ url: config.databaseUrl, applicationName: name, max: config.databasePoolSize })
  defer('database', () => pool.end())
  const tuning = { sessionTimeoutMs: config.kafkaSessionTimeoutMs }
  const log = createKafka({ brokers: config.kafkaBrokers, clientId: name, logger }, { tuning })
  defer('log', () => log.close())
  const objects = createS3Store(s3Access(config))
  defer('object store', () => objects.close())
  await startEnricher(context, {
    pool,
    log,
    registry: createSchemaRegistry({ url: config.schemaRegistryUrl }),
    objects,
    client: createClient(ingestCalls(config)),
    provider: chooseProvider(config),
  })
})
