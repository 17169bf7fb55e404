import {
  type AgreementLine,
  agreementLine,
  outboxStatus,
  type RebuildLine,
  type RebuildRequest,
  rebuildLine,
  reconcileStatus,
  republishResponse,
  retryResponse,
} from '@synap/contracts'
import { ApiError } from './api-error.ts'
import { parseAnswer, parseText } from './parse-answer.ts'
import { readParts } from './server-sent-events.ts'
import type { CallOptions, Transport } from './transport.ts'
import type { CompareOptions, OperateClient } from './types.ts'
import { getCall, postCall, urlOf } from './urls.ts'

export function buildOperateClient(call: Transport, origin: string): OperateClient {
  return {
    outbox: (options = {}) =>
      call(getCall(urlOf(origin, '/internal/outbox'), options), (response) =>
        parseAnswer(outboxStatus, response),
      ),
    // Consumers drop what they have, so doing it twice is as good as once.
    republish: (request, options = {}) =>
      call(postCall(urlOf(origin, '/internal/outbox/republish'), request, true, options), (response) =>
        parseAnswer(republishResponse, response),
      ),
    retryHeldBack: (user, options = {}) =>
      call(
        postCall(urlOf(origin, '/internal/outbox/retry'), user === undefined ? {} : { user }, true, options),
        (response) => parseAnswer(retryResponse, response),
      ),
    beginReconcile: ({ force, ...options } = {}) =>
      call(
        postCall(urlOf(origin, '/internal/write/reconcile'), force === true ? { force } : {}, false, options),
        (response) => parseAnswer(reconcileStatus, response),
      ),
    reconcileStatus: (options = {}) =>
      call(getCall(urlOf(origin, '/internal/write/reconcile'), options), (response) =>
        parseAnswer(reconcileStatus, response),
      ),
    compareStores: (options = {}) => compareStores(call, origin, options),
    rebuild: (request, options = {}) => rebuild(call, origin, request, options),
  }
}

/** It says how far it is twice a second, but while a store answers a question. */
const silenceMs = 120_000
/** An index over many rows takes its time. */
const rebuildSilenceMs = 1_800_000
const never = new AbortController().signal

async function* compareStores(
  call: Transport,
  origin: string,
  { user, topic, limit, ...options }: CompareOptions,
): AsyncGenerator<AgreementLine, void> {
  const url = urlOf(origin, '/internal/ledger/agreement', {
    user,
    limit,
    topic: topic === false ? 'false' : undefined,
  })
  const body = await call({ ...getCall(url, options), repeatable: false }, (response) =>
    Promise.resolve(response.body ?? new Blob([]).stream()),
  )
  let isWhole = false
  for await (const text of readParts(body, '\n', silenceMs, options.signal ?? never)) {
    const line = parseText(agreementLine, text)
    isWhole ||= 'agreement' in line
    yield line
  }
  options.signal?.throwIfAborted()
  if (isWhole) return
  throw new ApiError('the comparison broke off', { code: 'api.unreachable', status: 0, origin })
}

async function* rebuild(
  call: Transport,
  origin: string,
  request: RebuildRequest,
  options: CallOptions,
): AsyncGenerator<RebuildLine, void> {
  const made = postCall(urlOf(origin, '/internal/rebuild'), request, false, options)
  const body = await call(made, (response) => Promise.resolve(response.body ?? new Blob([]).stream()))
  let isWhole = false
  for await (const text of readParts(body, '\n', rebuildSilenceMs, options.signal ?? never)) {
    const line = parseText(rebuildLine, text)
    isWhole ||= !('progress' in line || 'difference' in line)
    yield line
  }
  options.signal?.throwIfAborted()
  if (isWhole) return
  throw new ApiError('the rebuild broke off', { code: 'api.unreachable', status: 0, origin })
}
