import { SynapError } from '@synap/core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { counter, gauge, histogram, observe } from './metrics.ts'
import { metricsText } from './state.ts'
import { collectSpans, type SpanCollector } from './testing.ts'
import {
  continueTrace,
  currentTrace,
  failSpan,
  linkTo,
  runInSpan,
  startConsumerSpan,
  startSpan,
  traceOf,
  withSpan,
} from './trace.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const parent = { traceparent: `00-${traceId}-b7ad6b7169203331-01`, tracestate: 'vendor=1' }

describe('with telemetry', () => {
  let collector: SpanCollector
  beforeAll(() => {
    collector = collectSpans()
  })
  afterEach(() => collector.clear())
  afterAll(() => collector.close())

  it('given nested work, spans nest, and the context can be stored and gone on with', async () => {
    const stored = await withSpan('outer', { kind: 'producer' }, async () =>
      withSpan('inner', {}, async () => currentTrace()),
    )
    const [outer, inner] = [collector.only('outer'), collector.only('inner')]
    expect(inner).toMatchObject({ traceId: outer.traceId, parentSpanId: outer.spanId })
    expect(stored).toEqual({ traceId: outer.traceId, traceparent: `00-${outer.traceId}-${inner.spanId}-01` })
    await continueTrace(stored, () => withSpan('later', {}, async () => undefined))
    expect(collector.only('later')).toMatchObject({ traceId: outer.traceId, parentSpanId: inner.spanId })
    expect(currentTrace()).toBeUndefined()
  })

  it("given a message with a context, its span is a consumer's child of it, with links; tracestate travels on", () => {
    const batch = startSpan('batch')
    const span = startConsumerSpan('process topic', parent, {
      links: [linkTo(traceOf(batch)), linkTo(undefined)],
      attributes: { a: 1 },
    })
    expect(runInSpan(span, currentTrace)).toMatchObject({ traceId, tracestate: 'vendor=1' })
    span.end()
    batch.end()
    expect(collector.only('process topic')).toMatchObject({
      kind: 4,
      traceId,
      parentSpanId: 'b7ad6b7169203331',
      attributes: { a: 1 },
      links: [{ spanId: collector.only('batch').spanId }],
    })
  })

  it('given a message without a context, or with a malformed one, its span is a root, also inside another span', async () => {
    await withSpan('poll', {}, async () => {
      startConsumerSpan('one', undefined).end()
      startConsumerSpan('two', { traceparent: 'nonsense' }).end()
    })
    for (const name of ['one', 'two']) {
      expect(collector.only(name).parentSpanId).toBeUndefined()
      expect(collector.only(name).traceId).not.toBe(collector.only('poll').traceId)
    }
  })

  it('given failures, code and class are told; the message only when it is a constant of ours', async () => {
    const known = new SynapError('the database is away', {
      code: 'postgres.unavailable',
      class: 'dependency',
    })
    await expect(withSpan('known', {}, () => Promise.reject(known))).rejects.toBe(known)
    const span = startSpan('unknown')
    failSpan(span, new SyntaxError('Unexpected token in "my diary"'))
    span.end()
    expect(collector.only('known')).toMatchObject({
      status: 2,
      attributes: { 'error.type': 'postgres.unavailable', 'synap.error.class': 'dependency' },
    })
    expect(collector.only('unknown')).toMatchObject({
      status: 2,
      attributes: { 'error.type': 'SyntaxError' },
    })
    expect(JSON.stringify(collector.spans)).not.toContain('diary')
  })

  it('given instruments, Prometheus reads their values under their names', async () => {
    counter('synap_test_things', { help: 'Things.' }).add(2, { kind: 'a' })
    histogram('synap_test_wait_seconds', { help: 'Waits.', buckets: [0.1, 1] }).record(0.5)
    gauge('synap_test_level', { help: 'Level.' }).set(7)
    const stop = observe('synap_test_lag', { help: 'Lag.' }, () => 5)
    const text = await metricsText()
    expect(text).toContain('synap_test_things_total{kind="a"} 2')
    expect(text).toContain('synap_test_wait_seconds_bucket{le="0.1"} 0')
    expect(text).toContain('synap_test_wait_seconds_bucket{le="1"} 1')
    expect(text).toMatch(/^synap_test_level 7$/m)
    expect(text).toMatch(/^synap_test_lag 5$/m)
    stop()
  })
})
