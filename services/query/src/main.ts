import { createS3Store } from '@synap/object-store'
import { createPool, listen, query } from '@synap/postgres'
import { runService } from '@synap/runtime'
import { createAuthenticate } from './authenticate.ts'
import { cursorSecretOf, listenTo, objectStoreOf, providersOf, queryConfig } from './config.ts'
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
  const listener = listen({ ...listenTo(config), onNotify: () => waiter.wake() })
  defer(() => listener.close())

  const authenticate = createAuthenticate(config)
  const cursors = createCursorCodec(cursorSecretOf(config))
  const readModel = createReadModel(pool, waiter)
  const providers = providersOf(config)
  const server = await buildServer({ pool, readModel, store, providers, cursors, authenticate, logger })
  defer(() => server.close())
  health.ready('database', () => query(pool, { text: 'select 1' }))
  health.ready('object-store', (signal) => store.check(signal), { needed: false })
  await server.listen({ host: config.host, port: config.port })
})
