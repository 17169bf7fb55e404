import {
  type Context,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import type { TraceContext } from '@synap/contracts'
import { describeError } from '@synap/core'
import type { Source } from './sql/parked.ts'

const tracer = trace.getTracer('@synap/inbox')

/** The `process` span of one message, child of whatever its headers carry. */
export interface MessageSpan {
  span: Span
  /** For what continues this message elsewhere; its own headers when nothing is recorded here. */
  traceparent: string | null
  tracestate: string | null
}

/** Attribute names of the messaging conventions of OpenTelemetry. */
export function startMessageSpan(
  consumer: string,
  topic: string,
  source: Source,
  sender: TraceContext,
): MessageSpan {
  const parent = propagation.extract(ROOT_CONTEXT, sender)
  const span = tracer.startSpan(
    `process ${topic}`,
    {
      kind: SpanKind.CONSUMER,
      attributes: {
        'messaging.system': 'kafka',
        'messaging.operation.type': 'process',
        'messaging.operation.name': 'process',
        'messaging.destination.name': topic,
        'messaging.consumer.group.name': consumer,
        ...(source.record === null
          ? { 'synap.fetched': true }
          : {
              'messaging.destination.partition.id': `${source.record.partition}`,
              'messaging.kafka.offset': Number(source.record.offset),
            }),
      },
    },
    parent,
  )
  const carrier: Record<string, string> = {}
  propagation.inject(trace.setSpan(parent, span), carrier)
  return {
    span,
    traceparent: carrier['traceparent'] ?? sender.traceparent ?? null,
    tracestate: carrier['tracestate'] ?? sender.tracestate ?? null,
  }
}

/**
 * Runs the database work of a batch in one span with links to its messages, so that the statements inside have one
 * parent although the messages have many.
 */
export async function withBatchSpan<T>(
  name: string,
  messages: readonly MessageSpan[],
  work: () => Promise<T>,
): Promise<T> {
  const links: Link[] = messages.map(({ span }) => ({ context: span.spanContext() }))
  const root: Context = ROOT_CONTEXT
  const span = tracer.startSpan(
    name,
    { links, attributes: { 'messaging.batch.message_count': messages.length } },
    root,
  )
  try {
    return await context.with(trace.setSpan(root, span), work)
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: describeError(error) })
    throw error
  } finally {
    span.end()
  }
}

/** Ends the spans of messages that are settled, or given up for now. */
export function endSpans(items: readonly { span?: MessageSpan }[]): void {
  for (const { span } of items) span?.span.end()
}
