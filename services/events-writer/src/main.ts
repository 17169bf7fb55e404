import { createClient } from '@synap/client'
import { createKafka, createSchemaRegistry } from '@synap/kafka'
import { createPool } from '@synap/postgres'
import { ingestCalls, runService } from '@synap/runtime'
import { eventsWriterConfig } from './config.ts'
import { startEventsWriter } from './start.ts'

const name = 'events-writer'

await runService(name, eventsWriterConfig, async (context) => {
  const { config, logger, defer } = context
  const pool = createPool({ url: config.databaseUrl, applicationName: name, max: config.databasePoolSize })
  defer('database', () => pool.end())
  const tuning = { sessionTimeoutMs: config.kafkaSessionTimeoutMs }
  const kafka = createKafka({ brokers: config.kafkaBrokers, clientId: name, logger }, { tuning })
  defer('kafka', () => kafka.close())
  const registry = createSchemaRegistry({ url: config.schemaRegistryUrl })
  const ingest = createClient(ingestCalls(config))
  await startEventsWriter(context, {
    pool,
    consumerDriver: kafka.consumerDriver,
    registry,
    ingest,
    openLongPool: (options) => createPool({ url: config.databaseUrl, ...options }),
  })
})
