import { randomBytes } from 'node:crypto'
import { type Context, context, ROOT_CONTEXT, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import { attributes, contextOf, linkTo, startSpan, type TraceHeaders, traceOf } from '@synap/telemetry'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { findPrincipal } from './access.ts'

/**
 * The server span of a request, made here and not by an instrumentation, because whose trace it belongs to is known
 * only after authentication: a client's `traceparent` is a link, unless its credential has `trace:continue`. Otherwise
 * anybody could write into our traces, choose correlation ids and switch sampling.
 *
 * Without a `traceparent` there is nothing to decide and the span opens at once; with one it opens after
 * authentication, dated back to the arrival.
 */
interface RequestTrace {
  arrivedAt: number
  claimed: TraceHeaders | undefined
  span?: Span
  context: Context
  correlationId: string
}

const traces = new WeakMap<FastifyRequest, RequestTrace>()

/**
 * 32 hex characters: the trace id of the request, random when telemetry is off. Not to be asked for before the request
 * is authenticated or refused: asking is the latest moment to decide whose trace it is.
 */
export function correlationIdOf(request: FastifyRequest): string {
  return decidedTraceFor(request).correlationId
}

/** Runs `work` inside the request's span; for what runs outside its asynchronous context (error and close handlers). */
export function inRequestTrace<T>(request: FastifyRequest, work: () => T): T {
  return context.with(decidedTraceFor(request).context, work)
}

/** To be called before any other hook is added. */
export function beginRequestTrace(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const current = traceFor(request)
    if (current.claimed === undefined) openSpan(request, current)
    context.with(current.context, done)
  })
  app.addHook('onResponse', (request, reply, done) => {
    endSpan(request, reply.statusCode, reply.raw.writableFinished)
    done()
  })
}

/** To be called after the hook that authenticates. */
export function decideRequestTrace(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    context.with(decidedTraceFor(request).context, done)
  })
}

/** A request refused before the decision (401, 429, 503) is a root of its own. */
function decidedTraceFor(request: FastifyRequest): RequestTrace {
  const current = traceFor(request)
  if (current.span === undefined) openSpan(request, current)
  return current
}

function traceFor(request: FastifyRequest): RequestTrace {
  const known = traces.get(request)
  if (known !== undefined) return known
  const { traceparent, tracestate } = request.headers
  const made: RequestTrace = {
    arrivedAt: Date.now(),
    claimed:
      typeof traceparent === 'string'
        ? { traceparent, ...(typeof tracestate === 'string' ? { tracestate } : {}) }
        : undefined,
    context: ROOT_CONTEXT,
    correlationId: randomBytes(16).toString('hex'),
  }
  traces.set(request, made)
  return made
}

function openSpan(request: FastifyRequest, current: RequestTrace): void {
  const principal = findPrincipal(request)
  const continued = principal?.credential.scopes.includes('trace:continue') === true
  const route = request.routeOptions.url
  const span = startSpan(route === undefined ? request.method : `${request.method} ${route}`, {
    kind: 'server',
    parent: continued ? contextOf(current.claimed) : null,
    links: continued ? [] : [linkTo(current.claimed)],
    startTime: current.arrivedAt,
    attributes: {
      [attributes.httpMethod]: request.method,
      [attributes.urlScheme]: request.protocol,
      // Without the query: what people search for is content.
      [attributes.urlPath]: request.url.split('?', 1)[0] ?? '',
      ...(route === undefined ? {} : { [attributes.httpRoute]: route }),
    },
  })
  current.span = span
  current.context = trace.setSpan(ROOT_CONTEXT, span)
  current.correlationId = traceOf(span)?.traceId ?? current.correlationId
}

function endSpan(request: FastifyRequest, status: number, finished: boolean): void {
  const { span } = decidedTraceFor(request)
  if (span === undefined) return
  const user = findPrincipal(request)?.userId
  if (user !== undefined) span.setAttribute(attributes.userId, user)
  if (finished) span.setAttribute(attributes.httpStatus, status)
  else span.setAttribute(attributes.errorType, 'aborted')
  if (!finished || status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
}
