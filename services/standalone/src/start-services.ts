import { join } from 'node:path'
import { chooseProvider, providersForSearch } from '@synap/ai'
import { createClient } from '@synap/client'
import { startEnricher } from '@synap/enricher'
import { startEventsWriter } from '@synap/events-writer'
import { startIngest } from '@synap/ingest'
import { createAuthenticate } from '@synap/ingest/authenticate'
import { createKeyUse } from '@synap/ingest/key-use'
import { startProjector } from '@synap/projector'
import { startQuery } from '@synap/query'
import type { ServiceContext } from '@synap/runtime'
import { type StandaloneConfig, settings } from './config.ts'
import { registerLedgerRoutes } from './ledger-route.ts'
import { listenTogether } from './one-port.ts'
import type { Drivers } from './open-drivers.ts'
import { partOf } from './part.ts'
import { registerRebuildRoute } from './rebuild-route.ts'

/** Starts the five services of this process on their drivers; answers the base address of both APIs. */
export async function startServices(
  context: ServiceContext<StandaloneConfig>,
  { pool, log, registry, store, keys, servedAt, listen }: Drivers,
): Promise<string> {
  const { config } = context
  const provider = chooseProvider(config)
  const uploadDir = config.uploadDir ?? join(config.dataDir, 'uploads')
  const ingestConfig = { ...config, ...settings, uploadDir }
  const writes = await startIngest(partOf(context, 'ingest', ingestConfig), { pool, store, log })
  const keyUse = createKeyUse({ pool, logger: context.logger })
  context.defer('key use', () => keyUse.close())
  const reads = await startQuery(partOf(context, 'query', config), {
    pool,
    store,
    listen,
    providers: providersForSearch(provider),
    authenticate: createAuthenticate(pool, keyUse.note),
    vectorCacheBytes: config.vectorCacheBytes,
    cursorSecret: keys.serviceKey,
  })
  registerLedgerRoutes(writes, { pool, store, log })
  registerRebuildRoute(writes, { pool }, context.logger.child({ part: 'rebuild' }))
  const url = await listenTogether({ writes, reads }, config)
  servedAt(url)

  const calls = { apiKey: keys.serviceKey, deadlineMs: 5_000, attempts: 2 }
  const ingest = createClient({ ingestUrl: url, queryUrl: url, ...calls })
  const tools = { pool, registry, ingest, store, consumerDriver: log.consumerDriver }
  await startEventsWriter(partOf(context, 'events-writer', settings), tools)
  await startProjector(partOf(context, 'projector', settings), tools)
  const enrichment = { ...config, ...settings, defaultTimeZone: config.defaultTimeZone }
  const drivers = { pool, log, registry, objects: store, client: ingest, provider }
  await startEnricher(partOf(context, 'enricher', enrichment), drivers)
  return url
}
