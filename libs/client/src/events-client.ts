import { eventChain, eventCounts, eventList, historyList } from '@synap/contracts'
import type { EventsClient, EventsOptions } from './event-types.ts'
import { followEvents } from './follow-events.ts'
import { parseAnswer } from './parse-answer.ts'
import { readOf, readParameters } from './query-client.ts'
import type { Transport } from './transport.ts'
import type { ReadOptions } from './types.ts'
import { type Parameters, readCall, urlOf } from './urls.ts'

export function buildEventsClient(call: Transport, origin: string): EventsClient {
  const get = (path: string, read: ReadOptions, parameters: Parameters = {}) =>
    readCall(urlOf(origin, path, { ...readParameters(read), ...parameters }), read)

  return {
    events: (options = {}) =>
      call(get('/v1/events', options, listParameters(options)), async (response) =>
        readOf(response, await parseAnswer(eventList, response)),
      ),
    eventCounts: ({ types, from, to, by, ...read } = {}) =>
      call(get('/v1/events/counts', read, { type: types?.join(','), from, to, by }), async (response) =>
        readOf(response, await parseAnswer(eventCounts, response)),
      ),
    eventChain: (id, read = {}) =>
      call(get(`/v1/events/${id}/chain`, read), async (response) =>
        readOf(response, await parseAnswer(eventChain, response)),
      ),
    history: (id, { analyses, limit, cursor, ...read } = {}) =>
      call(
        get(`/v1/entities/${id}/history`, read, { analyses: analyses && 'true', limit, cursor }),
        async (response) => readOf(response, await parseAnswer(historyList, response)),
      ),
    followEvents: (options = {}) => followEvents(call, origin, options),
  }
}

function listParameters(options: EventsOptions): Parameters {
  return {
    type: options.types?.join(','),
    aggregate: options.aggregateId,
    correlation: options.correlationId,
    from: options.from,
    to: options.to,
    since: options.since,
    order: options.order,
    limit: options.limit,
    cursor: options.cursor,
  }
}
