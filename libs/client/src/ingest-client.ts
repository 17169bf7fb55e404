import {
  analysisResponse,
  batchResponse,
  captureResponse,
  headsResponse,
  httpHeaders,
  internalEventsResponse,
  introspectResponse,
  ledgerResponse,
} from '@synap/contracts'
import { changeCall } from './change-call.ts'
import { buildFileForm, fileDeadlineMs } from './file-form.ts'
import { parseAnswer } from './parse-answer.ts'
import type { Transport } from './transport.ts'
import type { IngestClient, TimeZoneOptions, WriteOptions } from './types.ts'
import { getCall, postCall, urlOf } from './urls.ts'

function captureHeaders({
  idempotencyKey,
  timeZone,
}: WriteOptions & TimeZoneOptions): Record<string, string> {
  return {
    ...(idempotencyKey === undefined ? {} : { [httpHeaders.idempotencyKey]: idempotencyKey }),
    ...(timeZone === undefined ? {} : { [httpHeaders.timeZone]: timeZone }),
  }
}

export function buildIngestClient(call: Transport, origin: string): IngestClient {
  return {
    capture: (request, options = {}) => {
      const key = options.idempotencyKey
      const post = postCall(urlOf(origin, '/v1/entities'), request, key !== undefined, options)
      const headers = captureHeaders(options)
      return call({ ...post, headers }, (response) => parseAnswer(captureResponse, response))
    },
    captureFile: (source, entity, options = {}) => {
      const { idempotencyKey: key, deadlineMs = fileDeadlineMs } = options
      const url = urlOf(origin, '/v1/entities')
      const post = postCall(url, undefined, key !== undefined && 'path' in source, options)
      const headers = captureHeaders(options)
      const form = () => buildFileForm(entity, source, options)
      return call({ ...post, headers, form, deadlineMs }, (response) =>
        parseAnswer(captureResponse, response),
      )
    },
    captureBatch: (items, options = {}) =>
      call(changeCall('POST', urlOf(origin, '/v1/entities:batch'), { items }, options), (response) =>
        parseAnswer(batchResponse, response),
      ),
    recordAnalysis: (id, request, options = {}) =>
      call(postCall(urlOf(origin, `/v1/entities/${id}/analyses`), request, true, options), (response) =>
        parseAnswer(analysisResponse, response),
      ),
    internalEvents: (user, from, to, options = {}) =>
      call(getCall(urlOf(origin, '/internal/events', { user, from, to }), options), async (response) => {
        const { items } = await parseAnswer(internalEventsResponse, response)
        return items
      }),
    heads: (olderThanMs, page = {}, options = {}) =>
      call(getCall(urlOf(origin, '/internal/heads', { olderThanMs, ...page }), options), (response) =>
        parseAnswer(headsResponse, response),
      ),
    introspect: (key, options = {}) =>
      call(postCall(urlOf(origin, '/internal/introspect'), { key }, true, options), (response) =>
        parseAnswer(introspectResponse, response),
      ),
    ledger: ({ topic, ...options } = {}) =>
      call(
        getCall(urlOf(origin, '/internal/ledger', { topic: topic ? 'true' : undefined }), options),
        (response) => parseAnswer(ledgerResponse, response),
      ),
  }
}
