import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import { errorClass, SynapError } from '@synap/core'
import { attributes, ownScope } from './attributes.ts'

/** A W3C trace context as it travels in headers and rows. */
export interface TraceHeaders {
  traceparent: string
  tracestate?: string
}

export interface CurrentTrace extends TraceHeaders {
  /** 32 hex characters; the correlation id of what happens here. */
  traceId: string
}

const tracer = () => trace.getTracer(ownScope)
const traceparentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** The context of the running span, to be stored or sent; undefined when telemetry is off or no span is open. */
export function currentTrace(): CurrentTrace | undefined {
  return traceOf(trace.getActiveSpan())
}

/** The context of a span, to be stored or sent; undefined for a span of switched-off telemetry. */
export function traceOf(span: Span | undefined): CurrentTrace | undefined {
  const from = span?.spanContext()
  if (from === undefined || !isSpanContextValid(from)) return undefined
  const flags = from.traceFlags.toString(16).padStart(2, '0')
  const tracestate = from.traceState?.serialize()
  return {
    traceId: from.traceId,
    traceparent: `00-${from.traceId}-${from.spanId}-${flags}`,
    ...(tracestate === undefined || tracestate === '' ? {} : { tracestate }),
  }
}

/** A context whose spans become children of `from`; the empty context when `from` is missing or malformed. */
export function contextOf(from: Partial<TraceHeaders> | undefined): Context {
  if (from?.traceparent === undefined) return ROOT_CONTEXT
  return propagation.extract(ROOT_CONTEXT, from)
}

/** A link to the span that `from` names; undefined when it is missing or malformed. */
export function linkTo(from: Partial<TraceHeaders> | undefined): Link | undefined {
  const match = traceparentPattern.exec(from?.traceparent ?? '')
  if (match === null || match[1] === 'ff') return undefined
  const to = {
    traceId: match[2] ?? '',
    spanId: match[3] ?? '',
    traceFlags: Number.parseInt(match[4] ?? '0', 16) & TraceFlags.SAMPLED,
    isRemote: true,
  }
  return isSpanContextValid(to) ? { context: to } : undefined
}

export interface SpanSettings {
  kind?: 'internal' | 'client' | 'server' | 'producer' | 'consumer'
  attributes?: Attributes
  /** Spans, remote or running, that this one has to do with without being their child. */
  links?: readonly (Link | undefined)[]
  /** The remote parent; the running span by default. `null` = the root of a new trace. */
  parent?: Partial<TraceHeaders> | Context | null
  /** Milliseconds since 1970, for work that began before the span could be made; now by default. */
  startTime?: number
}

const kinds = {
  internal: SpanKind.INTERNAL,
  client: SpanKind.CLIENT,
  server: SpanKind.SERVER,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const

/** Starts a span that the caller ends; prefer `withSpan`. It is not the running span: see `runInSpan`. */
export function startSpan(name: string, settings: SpanSettings = {}): Span {
  return tracer().startSpan(
    name,
    {
      kind: kinds[settings.kind ?? 'internal'],
      links: (settings.links ?? []).filter((link) => link !== undefined),
      ...(settings.attributes === undefined ? {} : { attributes: settings.attributes }),
      ...(settings.startTime === undefined ? {} : { startTime: settings.startTime }),
    },
    parentContext(settings.parent),
  )
}

/**
 * Starts the span of one message that is worked on: kind CONSUMER, child of the context in the message's headers (a
 * root when they carry none). The caller ends it, after `failSpan` when the work failed.
 */
export function startConsumerSpan(
  name: string,
  parent: Partial<TraceHeaders> | undefined,
  settings: Pick<SpanSettings, 'links' | 'attributes'> = {},
): Span {
  return startSpan(name, { ...settings, kind: 'consumer', parent: parent ?? null })
}

/** Runs `work` with `span` as the running span, without ending it. */
export function runInSpan<T>(span: Span, work: () => T): T {
  return context.with(trace.setSpan(context.active(), span), work)
}

/** Runs `work` inside a new span that ends with it, marked as failed when it rejects. */
export async function withSpan<T>(
  name: string,
  settings: SpanSettings,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const span = startSpan(name, settings)
  const inside = trace.setSpan(parentContext(settings.parent), span)
  try {
    return await context.with(inside, work, undefined, span)
  } catch (error) {
    failSpan(span, error)
    throw error
  } finally {
    span.end()
  }
}

/** Runs `work` as a continuation of a stored context, without a span of its own. */
export function continueTrace<T>(from: Partial<TraceHeaders> | undefined, work: () => T): T {
  return context.with(contextOf(from), work)
}

/** Marks a span as failed with the error's code and class; its message stays out unless it is one of our constants. */
export function failSpan(span: Span, error: unknown): void {
  const known = error instanceof SynapError
  span.setAttribute(
    attributes.errorType,
    known ? error.code : error instanceof Error ? error.name : 'unknown',
  )
  span.setAttribute(attributes.errorClass, errorClass(error))
  span.setStatus({ code: SpanStatusCode.ERROR, ...(known ? { message: error.message } : {}) })
}

function parentContext(parent: SpanSettings['parent']): Context {
  if (parent === undefined) return context.active()
  if (parent === null) return ROOT_CONTEXT
  return isContext(parent) ? parent : contextOf(parent)
}

function isContext(value: Partial<TraceHeaders> | Context): value is Context {
  return 'getValue' in value
}
