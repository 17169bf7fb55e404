import { outboxStatus, reconcileStatus, republishResponse, retryResponse } from '@synap/contracts'
import { parseAnswer } from './parse-answer.ts'
import type { Transport } from './transport.ts'
import type { OperateClient } from './types.ts'
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
  }
}
