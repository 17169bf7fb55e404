import { Readable } from 'node:stream'
import { eventStreamQuery, httpHeaders, sequenceNumber } from '@synap/contracts'
import { findLogPositions, type Subscriptions } from '@synap/event-log'
import { type App, type Authenticate, principalOf, problem, requires, streamsAnswer } from '@synap/http'
import { observe } from '@synap/telemetry'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { answerRead } from '../answer-read.ts'
import { createOpenStreams, framesOf, type StreamLimits } from '../event-streams.ts'
import type { ReadModel } from '../read-model.ts'
import { createStillAllowed } from '../still-allowed.ts'

export interface StreamDeps {
  eventLog: ReadModel
  subscriptions: Subscriptions
  authenticate: Authenticate
  streamLimits?: StreamLimits
}

const mediaType = 'text/event-stream'

/**
 * `GET /v1/events/stream`: every event of the user from a sequence on, as server-sent events. The answer is a stream that
 * fastify pipes: it reads on when the client has taken what was sent, so a slow client costs one page of events.
 */
export function registerStreamEvents(app: App, deps: StreamDeps): void {
  const { eventLog, subscriptions, authenticate, streamLimits = {} } = deps
  const { lifeMs = 2_700_000, credentialMs = 30_000 } = streamLimits
  const streams = createOpenStreams(streamLimits)
  const closing = new AbortController()
  const forget = observe('synap_query_event_streams', { help: 'Streams of events that are open.' }, () =>
    streams.count(),
  )
  app.addHook('preClose', (done) => {
    // They would hold the server open; their clients come again, to another instance.
    closing.abort()
    forget()
    done()
  })
  const schema = {
    summary: 'Events as they come (server-sent events)',
    description: '`id` is the sequence of an event, and `Last-Event-ID` where to go on.',
    querystring: eventStreamQuery,
    response: { 200: { description: 'Events.', content: { [mediaType]: { schema: z.string() } } } },
  }
  const config = { ...requires('read'), ...streamsAnswer() }
  // Without HEAD: its answer would have no end.
  app.get('/v1/events/stream', { schema, config, exposeHeadRoute: false }, async (request, reply) => {
    const { userId } = principalOf(request)
    const asked = lastEventId(request) ?? request.query.since
    const now = await answerRead(eventLog, request, reply, ({ client }) => findLogPositions(client, [userId]))
    const after = asked ?? now.get(userId)?.settled ?? 0
    const place = streams.enter(userId)
    const signal = AbortSignal.any([request.signal, closing.signal, AbortSignal.timeout(lifeMs)])
    const stillAllowed = createStillAllowed(request, authenticate, credentialMs, signal)
    const frames = framesOf(after, subscriptions.follow(userId, after, signal), stillAllowed)
    const body = Readable.from(frames, { objectMode: false, highWaterMark: 16_384 })
    body.once('close', () => place.leave())
    return reply
      .header('content-type', mediaType)
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .send(body as never)
  })
}

function lastEventId({ headers }: FastifyRequest): number | undefined {
  const text = headers[httpHeaders.lastEventId]
  if (text === undefined || text === '') return undefined
  const parsed =
    typeof text === 'string' && /^(0|[1-9][0-9]{0,15})$/.test(text)
      ? sequenceNumber.safeParse(Number(text))
      : undefined
  if (parsed?.success === true) return parsed.data
  const path = `headers.${httpHeaders.lastEventId}`
  throw problem('validation', { errors: [{ path, message: 'must be the sequence of an event' }] })
}
