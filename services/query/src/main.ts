import { createIntrospector } from '@synap/auth'
import { createS3Store } from '@synap/object-store'
import { createPool, listen, query } from '@synap/postgres'
import { runService } from '@synap/runtime'
import { objectStoreOf, providersOf, queryConfig } from './config.ts'
import { createCursorCodec } from './cursor.ts'
import { createPositionReader, createReadModel } from './read-model.ts'
import { buildServer } from './server.ts'
import { createPositionWaiter } from './wait-for-position.ts'

const name = 'query'

await runService(name, queryConfig, async ({ config, logger, defer, health }) => {
  const pool = createPool({ url: config.databaseUrl, applicationName: name, max: config.databasePoolSize })
  defer(() => pool.end())
  const store = createS3Store(objectStoreOf(config))
  defer(() => store.close())
  const readPositions = createPositionReader(pool)
  await readPositions([]) // refuses a database without a read model, or with one of an unknown shape
  const waiter = createPositionWaiter({ readPositions })
  const { databaseDirectUrl: url } = config
  const channels = ['read_positions']
  const listener = listen({ url, applicationName: name, channels, onNotify: () => waiter.wake() })
  defer(() => listener.close())

  const { serviceApiKey: serviceKey, ingestUrl } = config
  const introspector = createIntrospector({ ingestUrl, serviceKey })
  const server = await buildServer({
    pool,
    readModel: createReadModel(pool, waiter),
    store,
    providers: providersOf(config),
    // Shared by all instances of the service, as the cursors have to be.
    cursors: createCursorCodec(serviceKey),
    authenticate: (token, signal) => introspector.credentialOf(token, signal),
    logger,
  })
  defer(() => server.close())
  health.ready('database', () => query(pool, { text: 'select 1' }))
  health.ready('object-store', (signal) => store.check(signal), { needed: false })
  await server.listen({ host: config.host, port: config.port })
})
