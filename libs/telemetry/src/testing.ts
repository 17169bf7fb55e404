import type { SpanContext } from '@opentelemetry/api'
import { startTelemetry } from './sdk.ts'
import { removeContent } from './span-content.ts'
import { shutdownTelemetry } from './state.ts'

/** What tests ask of a span that has ended. */
export interface CollectedSpan {
  name: string
  kind: number
  traceId: string
  spanId: string
  /** Undefined for the root of a trace. */
  parentSpanId: string | undefined
  links: readonly SpanContext[]
  attributes: Readonly<Record<string, unknown>>
  /** 0 unset, 1 ok, 2 error. */
  status: number
  statusMessage: string | undefined
  events: readonly { name: string; attributes?: object }[]
  /** Milliseconds since 1970. */
  startTime: number
  durationMs: number
}

export interface SpanCollector {
  /** In the order in which they ended. */
  spans: CollectedSpan[]
  /** The one ended span of this name; throws when there is none or more. */
  only(name: string): CollectedSpan
  clear(): void
  close(): Promise<void>
}

/** Starts the SDK in this process, recording every span in memory. Once per process, before spans are made. */
export function collectSpans(): SpanCollector {
  const spans: CollectedSpan[] = []
  startTelemetry(
    { disabled: false, exporting: false, serviceName: 'test', protocol: 'http/json' },
    {
      spanProcessors: [
        {
          onStart: () => undefined,
          onEnd: (span) => {
            removeContent(span)
            const { traceId, spanId } = span.spanContext()
            spans.push({
              name: span.name,
              kind: span.kind,
              traceId,
              spanId,
              parentSpanId: span.parentSpanContext?.spanId,
              links: span.links.map((link) => link.context),
              attributes: span.attributes,
              status: span.status.code,
              statusMessage: span.status.message,
              events: span.events,
              startTime: span.startTime[0] * 1_000 + span.startTime[1] / 1e6,
              durationMs: span.duration[0] * 1_000 + span.duration[1] / 1e6,
            })
          },
          forceFlush: () => Promise.resolve(),
          shutdown: () => Promise.resolve(),
        },
      ],
    },
  )
  return {
    spans,
    only: (name) => {
      const [found, ...more] = spans.filter((span) => span.name === name)
      if (found === undefined || more.length > 0) {
        throw new Error(`expected one span ${name}, have: ${spans.map((span) => span.name).join(', ')}`)
      }
      return found
    },
    clear: () => {
      spans.length = 0
    },
    close: () => shutdownTelemetry(),
  }
}
