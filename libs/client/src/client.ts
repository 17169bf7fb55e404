import { buildBrowseClient } from './browse-client.ts'
import { buildChangesClient } from './changes-client.ts'
import { buildEnrichmentClient } from './enrichment-client.ts'
import { buildEnrichmentsClient } from './enrichments-client.ts'
import { buildEventsClient } from './events-client.ts'
import { buildExportsClient } from './exports-client.ts'
import { buildFilesClient } from './files-client.ts'
import { buildIngestClient } from './ingest-client.ts'
import { buildKeysClient } from './keys-client.ts'
import { buildOperateClient } from './operate-client.ts'
import { buildParkedClient } from './parked-client.ts'
import { buildQueryClient } from './query-client.ts'
import { rememberWrites } from './remember-writes.ts'
import { createTransport } from './transport.ts'
import type { ClientOptions, SynapClient } from './types.ts'

/** A client holds no connections of its own and needs no closing. */
export function createClient(options: ClientOptions): SynapClient {
  const transport = createTransport(options)
  const call = options.readYourWrites === true ? rememberWrites(transport, options.actFor) : transport
  return {
    ...buildIngestClient(call, options.ingestUrl),
    ...buildChangesClient(call, options.ingestUrl),
    ...buildFilesClient(call, options.ingestUrl),
    ...buildKeysClient(call, options.ingestUrl),
    ...buildOperateClient(call, options.ingestUrl),
    ...buildQueryClient(call, options.queryUrl),
    ...buildBrowseClient(call, options.queryUrl),
    ...buildEventsClient(call, options.queryUrl),
    ...buildParkedClient(call, options.queryUrl),
    ...buildEnrichmentClient(call, options.queryUrl),
    ...buildExportsClient(call, options.queryUrl),
    ...buildEnrichmentsClient(call, options.queryUrl),
  }
}
