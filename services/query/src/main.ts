import { chooseProvider, providersForSearch } from '@synap/ai'
import { listenOn } from '@synap/http'
import { createS3Store } from '@synap/object-store'
import { createPool, listen } from '@synap/postgres'
import { runService, s3Access } from '@synap/runtime'
import { createAuthenticate } from './authenticate.ts'
import { cursorSecretOf, queryConfig } from './config.ts'
import { startQuery } from './start.ts'

const name = 'query'

await runService(name, queryConfig, async (context) => {
  const { config, defer } = context
  const pool = createPool({ url: config.databaseUrl, applicationName: name, max: config.databasePoolSize })
  defer('database', () => pool.end())
  const store = createS3Store(s3Access(config))
  defer('object store', () => store.close())
  const server = await startQuery(context, {
    pool,
    store,
    listen: (options) => listen({ ...options, url: config.databaseDirectUrl, applicationName: name }),
    providers: providersForSearch(chooseProvider(config)),
    authenticate: createAuthenticate(config),
    vectorCacheBytes: config.vectorCacheBytes,
    cursorSecret: cursorSecretOf(config),
  })
  await listenOn(server, config)
})
