import { createS3Store } from '@synap/object-store'
import { createPool, listen } from '@synap/postgres'
import { runService } from '@synap/runtime'
import { createAuthenticate } from './authenticate.ts'
import { cursorSecretOf, objectStoreOf, providersOf, queryConfig } from './config.ts'
import { startQuery } from './start.ts'

const name = 'query'

await runService(name, queryConfig, async (context) => {
  const { config, defer } = context
  const pool = createPool({ url: config.databaseUrl, applicationName: name, max: config.databasePoolSize })
  defer(() => pool.end())
  const store = createS3Store(objectStoreOf(config))
  defer(() => store.close())
  const server = await startQuery(context, {
    pool,
    store,
    listen: (options) => listen({ ...options, url: config.databaseDirectUrl, applicationName: name }),
    providers: providersOf(config),
    authenticate: createAuthenticate(config),
    cursorSecret: cursorSecretOf(config),
  })
  await server.listen({ host: config.host, port: config.port })
})
