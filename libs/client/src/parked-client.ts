import { parkedActionResponse, parkedEventList, parkedList } from '@synap/contracts'
import type { ParkedClient } from './parked-types.ts'
import { parseAnswer } from './parse-answer.ts'
import { pathPart } from './path-part.ts'
import type { Transport } from './transport.ts'
import { getCall, postCall, urlOf } from './urls.ts'

export function buildParkedClient(call: Transport, origin: string): ParkedClient {
  const pathOf = (group: string, rest: string) => `/v1/parked/${pathPart(group)}${rest}`
  return {
    parked: ({ consumer, state, ...options } = {}) =>
      call(getCall(urlOf(origin, '/v1/parked', { consumer, state }), options), (response) =>
        parseAnswer(parkedList, response),
      ),
    parkedEvents: async (group, { state, limit, cursor, ...options } = {}) =>
      call(getCall(urlOf(origin, pathOf(group, '/events'), { state, limit, cursor }), options), (response) =>
        parseAnswer(parkedEventList, response),
      ),
    // What is marked, or closed, is not marked again: twice is as good as once.
    retryParked: async (group, request = {}, options = {}) =>
      call(postCall(urlOf(origin, pathOf(group, ':retry')), request, true, options), (response) =>
        parseAnswer(parkedActionResponse, response),
      ),
    discardParked: async (group, request, options = {}) =>
      call(postCall(urlOf(origin, pathOf(group, ':discard')), request, true, options), (response) =>
        parseAnswer(parkedActionResponse, response),
      ),
  }
}
