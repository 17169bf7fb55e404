import { createKafka } from '@synap/kafka'
import { createS3Store } from '@synap/object-store'
import { assertMigrated, createPool } from '@synap/postgres'
import { runService } from '@synap/runtime'
import { config, migrations, s3Config } from './config.ts'
import { pingDatabase } from './database.ts'
import { clockJumps } from './metrics.ts'
import { assertSchemasRegistered, createSchemaBook } from './schema-book.ts'
import { buildServer } from './server.ts'
import { startRelaying } from './start-relaying.ts'

await runService('ingest', config, async (context) => {
  const { config, logger, defer, health } = context
  const pool = createPool({
    url: config.databaseUrl,
    applicationName: 'ingest',
    max: config.databasePoolSize,
    onConnectionError: (error) => logger.warn({ error }, 'a database connection broke'),
  })
  defer(() => pool.end())
  await assertMigrated(pool, 'ingest', migrations)
  const schemas = await createSchemaBook(pool)
  assertSchemasRegistered(schemas)
  const store = createS3Store(s3Config(config))
  defer(() => store.close())
  const kafka = createKafka({ brokers: config.kafkaBrokers, clientId: 'ingest', logger })
  defer(() => kafka.close())
  const { relay, outbox } = startRelaying(context, { pool, kafka, schemas })

  const onCommitted = () => relay.wake()
  const onClockJump = () => clockJumps.add(1)
  const server = await buildServer({ pool, logger, store, schemas, outbox, onCommitted, onClockJump })
  defer(() => server.close())
  health.ready('postgres', () => pingDatabase(pool))
  health.ready('object-store', (signal) => store.check(signal))
  await server.listen({ host: config.host, port: config.port })
})
