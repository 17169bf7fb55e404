import type { NodeSDKConfiguration } from '@opentelemetry/sdk-node'
import { ATTR_DB_QUERY_TEXT } from '@opentelemetry/semantic-conventions'
import { ownScope } from './attributes.ts'

export type SpanExporter = NodeSDKConfiguration['traceExporter']
export type ReadableSpan = Parameters<SpanExporter['export']>[0][number]

const exceptionText = ['exception.message', 'exception.stacktrace']
// Quoted text in SQL, with '' inside; also the E'' form, in which a quote is doubled as well (pg.escapeLiteral).
const literal = /'(?:[^']|'')*'/g

/**
 * Takes out of an ended span what instrumentations put in without knowing what it holds: literals of SQL statements,
 * and the messages of errors (a database quotes the value that it refuses). Changes the span, which nobody but the
 * exporter reads any more.
 */
export function removeContent(span: ReadableSpan): void {
  const attributes = span.attributes as Record<string, unknown>
  const sql = attributes[ATTR_DB_QUERY_TEXT]
  if (typeof sql === 'string') attributes[ATTR_DB_QUERY_TEXT] = sql.replace(literal, '?')
  if (span.instrumentationScope.name === ownScope) return
  ;(span.status as { message?: string | undefined }).message = undefined
  for (const event of span.events) {
    const facts: Record<string, unknown> | undefined = event.attributes
    for (const name of exceptionText) delete facts?.[name]
  }
}

/** An exporter that sends spans without content. */
export function withoutContent(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => {
      for (const span of spans) removeContent(span)
      exporter.export(spans, done)
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  }
}
