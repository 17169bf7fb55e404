import { enrichmentPauseResponse, enrichmentRetryResponse, enrichmentStatus } from '@synap/contracts'
import type { EnrichmentClient } from './enrichment-types.ts'
import { parseAnswer } from './parse-answer.ts'
import { pathPart } from './path-part.ts'
import type { Transport } from './transport.ts'
import { callOptions, getCall, postCall, urlOf } from './urls.ts'

export function buildEnrichmentClient(call: Transport, origin: string): EnrichmentClient {
  const at = (rest = '') => urlOf(origin, `/v1/enrichment${rest}`)
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
    setBudget: async (user, budget, options = {}) => {
      const url = at(`/budgets/${pathPart(user)}`)
      const rest = { repeatable: true, ...callOptions(options) } as const
      await (budget === null
        ? call({ method: 'DELETE', url, ...rest }, () => Promise.resolve())
        : call({ method: 'PUT', url, body: budget, ...rest }, () => Promise.resolve()))
    },
  }
}
