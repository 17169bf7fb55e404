import { SpanStatusCode, trace } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collectSpans, type SpanCollector } from './testing.ts'

describe('spans of instrumentations', () => {
  let collector: SpanCollector
  beforeAll(() => {
    collector = collectSpans()
  })
  afterAll(() => collector.close())

  it('given SQL with literals, the statement is shown without them', () => {
    const span = trace.getTracer('pg').startSpan('statement')
    span.setAttribute(
      'db.query.text',
      `select write.append('my ''diary''', E'C:\\\\ it''s', $1) where state = 'open'`,
    )
    span.end()
    expect(collector.only('statement').attributes['db.query.text']).toBe(
      'select write.append(?, E?, $1) where state = ?',
    )
  })

  it('given an error that quotes a value, its type stays and its text goes', () => {
    const span = trace.getTracer('pg').startSpan('failed')
    span.recordException(new TypeError('invalid input syntax for type uuid: "my diary"'))
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'invalid input syntax for type uuid: "my diary"' })
    span.end()
    const failed = collector.only('failed')
    expect(JSON.stringify(failed)).not.toContain('diary')
    expect(failed).toMatchObject({ status: 2, events: [{ attributes: { 'exception.type': 'TypeError' } }] })
  })
})
