import { setTimeout as sleep } from 'node:timers/promises'
import { currentTrace, withSpan } from '@synap/telemetry'
import { collectSpans, type SpanCollector } from '@synap/telemetry/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { buildFixture, type Fixture } from '../test/fixture.ts'
import { correlationIdOf, requires } from './index.ts'

const foreignTrace = '0af7651916cd43dd8448eb211c80319c'
const foreignSpan = 'b7ad6b7169203331'
const traceparent = `00-${foreignTrace}-${foreignSpan}-01`
const route = 'POST /v1/echo'

describe('the trace of a request', () => {
  let collector: SpanCollector
  let fixture: Fixture
  let url: string
  const schema = {
    body: z.strictObject({ text: z.string() }),
    querystring: z.strictObject({ q: z.string() }),
  }
  beforeAll(() => {
    collector = collectSpans()
  })
  afterAll(() => collector.close())
  beforeEach(async () => {
    collector.clear()
    fixture = await buildFixture()
    fixture.app.post('/v1/echo', { config: requires('read'), schema }, async (request) => {
      await withSpan('work', {}, () => sleep(1))
      return { active: currentTrace()?.traceId, correlationId: correlationIdOf(request) }
    })
    // A real socket: a body that arrives over one is where an asynchronous context gets lost.
    url = await fixture.app.listen({ host: '127.0.0.1', port: 0 })
  })
  afterEach(() => fixture.app.close())

  const call = async (key: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${url}/v1/echo?q=private`, {
      method: 'POST',
      body: JSON.stringify({ text: 'x'.repeat(100_000) }),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    })
    const body = (await answer.json()) as { active?: string; correlationId?: string }
    await ended()
    return { answer, body }
  }
  /** The span ends when the answer has left, which the client may see first. */
  const ended = async () => {
    for (let i = 0; i < 100 && !collector.spans.some((span) => span.kind === 1); i += 1) await sleep(5)
  }

  it('given no traceparent, a new trace: its id is the correlation id, and what the handler does is below it', async () => {
    const { answer, body } = await call('syn_reader')
    const server = collector.only(route)
    expect(server).toMatchObject({ kind: 1, parentSpanId: undefined, links: [] })
    expect(server.attributes).toMatchObject({ 'http.route': '/v1/echo', 'http.response.status_code': 200 })
    expect(body).toEqual({ active: server.traceId, correlationId: server.traceId })
    expect(answer.headers.get('synap-correlation-id')).toBe(server.traceId)
    expect(collector.only('work')).toMatchObject({ traceId: server.traceId, parentSpanId: server.spanId })
  })

  it('given the traceparent of an ordinary client, a new trace that links to it', async () => {
    const { body } = await call('syn_reader', { traceparent, tracestate: 'vendor=1' })
    const server = collector.only(route)
    expect(server.traceId).not.toBe(foreignTrace)
    expect(server.parentSpanId).toBeUndefined()
    expect(server.links).toMatchObject([{ traceId: foreignTrace, spanId: foreignSpan }])
    expect(body.correlationId).toBe(server.traceId)
    expect(collector.only('work').traceId).toBe(server.traceId)
  })

  it('given a client that says "do not sample", its word does not count', async () => {
    await call('syn_reader', { traceparent: `00-${foreignTrace}-${foreignSpan}-00` })
    expect(collector.only(route).links).toHaveLength(1)
  })

  it('given the scope trace:continue, the trace goes on as a child', async () => {
    const { body } = await call('syn_service', { traceparent })
    const server = collector.only(route)
    expect(server).toMatchObject({ traceId: foreignTrace, parentSpanId: foreignSpan, links: [] })
    expect(body).toEqual({ active: foreignTrace, correlationId: foreignTrace })
    expect(collector.only('work')).toMatchObject({ traceId: foreignTrace, parentSpanId: server.spanId })
  })

  it('given an unknown key with a traceparent, the refusal is a root with a link, and the problem leads to it', async () => {
    const { answer, body } = await call('syn_unknown', { traceparent })
    expect(answer.status).toBe(401)
    const server = collector.only(route)
    expect(server.traceId).not.toBe(foreignTrace)
    expect(server.links).toMatchObject([{ traceId: foreignTrace }])
    expect(body.correlationId).toBe(server.traceId)
    expect(answer.headers.get('synap-correlation-id')).toBe(server.traceId)
  })

  it('given malformed traceparents, a new trace without a link', async () => {
    for (const bad of [
      'x',
      `00-${'0'.repeat(32)}-${foreignSpan}-01`,
      `ff-${foreignTrace}-${foreignSpan}-01`,
    ]) {
      collector.clear()
      await call('syn_service', { traceparent: bad })
      const server = collector.only(route)
      expect([bad, server.parentSpanId, server.links]).toEqual([bad, undefined, []])
      expect(server.traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/)
    }
  })

  it('given a span opened after authentication, it counts from the arrival', async () => {
    await fixture.app.close()
    fixture = await buildFixture({
      authenticate: async () => {
        await sleep(60)
        return undefined
      },
    })
    url = await fixture.app.listen({ host: '127.0.0.1', port: 0 })
    await fetch(`${url}/v1/things/a`, { headers: { authorization: 'Bearer x', traceparent } })
    await ended()
    expect(collector.only('GET /v1/things/:id').durationMs).toBeGreaterThan(50)
  })

  it('given any request, neither query nor key nor content is in a span, and log lines carry the trace', async () => {
    await call('syn_reader')
    expect(JSON.stringify(collector.spans)).not.toMatch(/private|syn_reader|xxx/)
    const line = fixture.lines.find((item) => item['msg'] === 'answered a request')
    expect(line).toMatchObject({ trace_id: collector.only(route).traceId })
  })

  it('given a failure of ours, the span is marked', async () => {
    await fetch(`${url}/fail/bug`)
    await ended()
    expect(collector.only('GET /fail/:how')).toMatchObject({
      status: 2,
      attributes: { 'http.response.status_code': 500 },
    })
  })
})
