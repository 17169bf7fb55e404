import { databaseConfig, httpConfig, ingestClientConfig, modelConfig, s3Config } from '@synap/runtime'
import { z } from 'zod'

/** The environment of query: names in upper snake case, units and defaults in view. */
export const searchConfig = {
  vectorCacheBytes: z.coerce.number().int().min(0).default(402_653_184),
}

export const queryConfig = z.object({
  ...databaseConfig,
  ...httpConfig,
  ...s3Config,
  ...ingestClientConfig,
  ...modelConfig,
  ...searchConfig,
})
export type QueryConfig = z.output<typeof queryConfig>

/** Shared by all instances of the service, as cursors have to be. A new service key ends old cursors. */
export function cursorSecretOf({ serviceApiKey }: QueryConfig): string {
  return serviceApiKey
}
