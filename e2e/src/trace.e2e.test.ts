import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from './otlp-receiver.ts'
import { type Account, type Pipeline, ways } from './pipeline.ts'

/** Whose work a span is, also where all services are one process. */
const groupName = 'messaging.consumer.group.name'

describe.each(ways)('one trace from the capture to its enrichment: $way', ({ startPipeline }) => {
  let receiver: OtlpReceiver
  let pipeline: Pipeline
  let account: Account

  beforeAll(async () => {
    receiver = await startOtlpReceiver()
    pipeline = await startPipeline({
      telemetry: true,
      env: {
        OTEL_SDK_DISABLED: 'false',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_BSP_SCHEDULE_DELAY: '200',
      },
    })
    account = await pipeline.createAccount('traced')
  })
  afterAll(async () => {
    await pipeline?.[Symbol.asyncDispose]()
    await receiver?.[Symbol.asyncDispose]()
  })

  const capture = (headers: Record<string, string> = {}) =>
    fetch(`${pipeline.service('ingest').url}/v1/entities`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${account.apiKey}`,
        'content-type': 'application/json',
        ...headers,
      },
      body: JSON.stringify({ type: 'note', content: 'Call the plumber tomorrow at 9am' }),
    }).then((response) => response.json() as Promise<{ correlationId: string }>)

  const isWithin = (span: ReceivedSpan, name: string): boolean => {
    const parent = of(span.traceId).find(({ spanId }) => spanId === span.parentSpanId)
    return parent !== undefined && (parent.name === name || isWithin(parent, name))
  }
  const of = (traceId: string) => receiver.spans.filter((span) => span.traceId === traceId)

  it('given a capture, its trace reaches the store, Kafka, three consumers, the model and back, unbroken', async () => {
    const { correlationId } = await capture()
    const has = (test: (span: ReceivedSpan) => boolean) => of(correlationId).some(test)
    const named = (verb: string, topic: string) => `${verb} ${pipeline.env['TOPIC_PREFIX'] ?? ''}${topic}`
    const send = named('send', 'synap.events.v1')
    const processed = (topic: string, consumer: string) =>
      has((s) => s.name === named('process', topic) && s.attributes[groupName] === consumer)

    await eventually(
      'the whole trace has arrived',
      () => {
        const missing = Object.entries({
          'the request': has((s) => s.name === 'POST /v1/entities'),
          'the put': has((s) => s.name.endsWith('.PutObject') && isWithin(s, 'POST /v1/entities')),
          'the append': has((s) => s.name.startsWith('pg.query') && isWithin(s, 'POST /v1/entities')),
          'the relay': has((s) => s.name === send && s.kind === 4),
          'the events-writer': processed('synap.events.v1', 'events-writer'),
          'the projector': processed('synap.events.v1', 'projector'),
          'the enricher': processed('synap.events.v1', 'enricher'),
          'the model': has((s) => 'gen_ai.operation.name' in s.attributes),
          'the derived record': has((s) => s.name === named('send', 'synap.derived.v1')),
          'its projection': processed('synap.derived.v1', 'projector-derived'),
          'the way back': has((s) => s.name === 'POST /v1/entities/:id/analyses'),
          'and its events': of(correlationId).filter((s) => s.name === send).length >= 4,
        }).flatMap(([what, there]) => (there ? [] : [what]))
        expect(missing).toEqual([])
        return true
      },
      { deadlineMs: 40_000, everyMs: 200 },
    )
    const parents = await eventually('every parent has arrived', () => {
      const spans = of(correlationId)
      const ids = new Set(spans.map((span) => span.spanId))
      expect(spans.filter((span) => span.parentSpanId !== '' && !ids.has(span.parentSpanId))).toEqual([])
      return spans.filter((span) => span.parentSpanId === '')
    })
    expect(parents.map((span) => span.name)).toEqual(['POST /v1/entities'])
  })

  it("given a client's traceparent, it becomes a link and never the parent", async () => {
    const foreign = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }
    const { correlationId } = await capture({ traceparent: `00-${foreign.traceId}-${foreign.spanId}-01` })
    expect(correlationId).not.toBe(foreign.traceId)
    const request = await eventually('the span of the request', () =>
      of(correlationId).find((span) => span.name === 'POST /v1/entities'),
    )
    expect(request.parentSpanId).toBe('')
    expect(request.links).toMatchObject([foreign])
    expect(of(foreign.traceId)).toEqual([])
  })
})
