import { createIntrospector } from '@synap/auth'
import type { Authenticate } from '@synap/http'
import type { QueryConfig } from './config.ts'

/** Asks ingest whose key it is, as this service; answers are kept for a while and outlive an outage of ingest. */
export function createAuthenticate({
  ingestUrl,
  serviceApiKey,
}: Pick<QueryConfig, 'ingestUrl' | 'serviceApiKey'>): Authenticate {
  const introspector = createIntrospector({ ingestUrl, serviceKey: serviceApiKey })
  return (token, signal) => introspector.credentialOf(token, signal)
}
