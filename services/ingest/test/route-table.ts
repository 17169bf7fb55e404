import { type Route, routesOf } from '@synap/http'
import { createLogger } from '@synap/telemetry'
import { buildServer, type ServerDependencies } from '../src/server.ts'

/** Every route of ingest, as its server registers it, on drivers that nothing may be asked of. */
export async function readRoutes(): Promise<readonly Route[]> {
  const logger = createLogger('ingest', { level: 'silent' })
  const untouched = new Proxy({}, { get: () => undefined })
  const drivers = { pool: untouched, store: untouched, uploadTimeoutMs: 1_000, logger }
  const app = await buildServer(drivers as unknown as ServerDependencies)
  try {
    return routesOf(app)
  } finally {
    await app.close()
  }
}
