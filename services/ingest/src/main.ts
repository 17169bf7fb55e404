import { listenOn } from '@synap/http'
import { createKafka } from '@synap/kafka'
import { createS3Store } from '@synap/object-store'
import { createPool, listen } from '@synap/postgres'
import { runService, s3Access } from '@synap/runtime'
import { config } from './config.ts'
import { startIngest } from './start.ts'

await runService('ingest', config, async (context) => {
  const { config, logger, defer } = context
  const pool = createPool({
    url: config.databaseUrl,
    applicationName: 'ingest',
    max: config.databasePoolSize,
    onConnectionError: (error) => logger.warn({ error }, 'a database connection broke'),
  })
  defer('database', () => pool.end())
  const store = createS3Store(s3Access(config))
  defer('object store', () => store.close())
  const log = createKafka({ brokers: config.kafkaBrokers, clientId: 'ingest', logger })
  defer('log', () => log.close())
  const { databaseDirectUrl: url } = config
  const server = await startIngest(context, {
    pool,
    store,
    log,
    listen:
      url === undefined ? undefined : (options) => listen({ ...options, url, applicationName: 'ingest' }),
  })
  await listenOn(server, config)
})
