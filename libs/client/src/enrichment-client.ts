import { enrichmentPauseResponse, enrichmentRetryResponse, enrichmentStatus } from '@synap/contracts'
import type { UserId } from '@synap/core'
import type { EnrichmentClient } from './enrichment-types.ts'
import { parseAnswer } from './parse-answer.ts'
import { pathPart } from './path-part.ts'
import type { CallOptions, Transport } from './transport.ts'
import { callOptions, getCall, postCall, urlOf } from './urls.ts'

export function buildEnrichmentClient(call: Transport, origin: string): EnrichmentClient {
  const at = (rest = '') => urlOf(origin, `/v1/enrichment${rest}`)
  const budgetCall = (user: UserId, options: CallOptions) => ({
    url: at(`/budgets/${pathPart(user)}`),
    repeatable: true,
    ...callOptions(options),
  })
  return {
    enrichment: ({ user, all, ...options } = {}) =>
      call(
        getCall(urlOf(origin, '/v1/enrichment', { user, all: all === true ? 'true' : undefined }), options),
        (response) => parseAnswer(enrichmentStatus, response),
      ),
    // What is marked, paused or resumed once more is as if it were done once.
    retryEnrichment: (request = {}, options = {}) =>
      call(postCall(at(':retry'), request, true, options), (response) =>
        parseAnswer(enrichmentRetryResponse, response),
      ),
    pauseEnrichment: (request = {}, options = {}) =>
      call(postCall(at(':pause'), request, true, options), (response) =>
        parseAnswer(enrichmentPauseResponse, response),
      ),
    resumeEnrichment: (request = {}, options = {}) =>
      call(postCall(at(':resume'), request, true, options), (response) =>
        parseAnswer(enrichmentPauseResponse, response),
      ),
    setBudget: async (user, budget, options = {}) =>
      call({ method: 'PUT', body: budget, ...budgetCall(user, options) }, (response) =>
        parseAnswer(enrichmentStatus, response),
      ),
    dropBudget: async (user, options = {}) =>
      call({ method: 'DELETE', ...budgetCall(user, options) }, async (response) => response.body?.cancel()),
  }
}
