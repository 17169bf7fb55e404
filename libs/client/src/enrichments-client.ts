import {
  type EnrichmentList,
  type EnrichmentRequest,
  type EnrichmentResponse,
  type EnrichmentView,
  enrichmentList,
  enrichmentResponse,
  enrichmentView,
} from '@synap/contracts'
import { parseAnswer } from './parse-answer.ts'
import type { CallOptions, Transport } from './transport.ts'
import { getCall, postCall, urlOf } from './urls.ts'

/** Work on all of the user's items; rejects like `IngestClient`. */
export interface EnrichmentsClient {
  /** Says what it would take, and with `dryRun: false` begins it, or answers what is under way. */
  enrichMany(request: EnrichmentRequest, options?: CallOptions): Promise<EnrichmentResponse>
  enrichmentRuns(options?: CallOptions): Promise<EnrichmentList>
  enrichmentRun(id: string, options?: CallOptions): Promise<EnrichmentView>
  /** Status 422 once the items have switched. */
  cancelEnrichmentRun(id: string, options?: CallOptions): Promise<EnrichmentView>
}

export function buildEnrichmentsClient(call: Transport, origin: string): EnrichmentsClient {
  const at = (id: string, action = '') => urlOf(origin, `/v1/enrichments/${encodeURIComponent(id)}${action}`)
  const read = (response: Response) => parseAnswer(enrichmentView, response)
  return {
    // While one is under way, asking twice is asking once.
    enrichMany: (request, options = {}) =>
      call(postCall(urlOf(origin, '/v1/enrichments'), request, true, options), (response) =>
        parseAnswer(enrichmentResponse, response),
      ),
    enrichmentRuns: (options = {}) =>
      call(getCall(urlOf(origin, '/v1/enrichments'), options), (response) =>
        parseAnswer(enrichmentList, response),
      ),
    enrichmentRun: (id, options = {}) => call(getCall(at(id), options), read),
    cancelEnrichmentRun: (id, options = {}) => call(postCall(at(id, ':cancel'), {}, true, options), read),
  }
}
