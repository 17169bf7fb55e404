import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const fixture = new URL('../test/fixture.ts', import.meta.url).pathname
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

interface ExportedSpan {
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  attributes: { key: string; value: unknown }[]
}

/** Runs the fixture with the preload; the fields of its two log lines. */
async function runFixture(env: Record<string, string>) {
  const register = new URL('register.ts', import.meta.url).href
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_')))
  const { stdout } = await run(process.execPath, ['--import', register, fixture], {
    env: { ...clean, LOG_LEVEL: 'info', ...env },
  })
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  return {
    inside: lines.find((line) => line['msg'] === 'inside') ?? {},
    done: lines.find((line) => line['msg'] === 'done') ?? {},
  }
}

/** An OTLP receiver that keeps the spans it is sent. */
async function receiver() {
  const spans: ExportedSpan[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const message = JSON.parse(body) as { resourceSpans?: { scopeSpans: { spans: ExportedSpan[] }[] }[] }
      for (const resource of message.resourceSpans ?? [])
        for (const scope of resource.scopeSpans) spans.push(...scope.spans)
      response.setHeader('content-type', 'application/json').end('{}')
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  closers.push(() => server.close())
  return { spans, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

describe('the preload', () => {
  it('given a collector, spans arrive on shutdown: the call below the outer span, its query left out, noise never', async () => {
    const { spans, endpoint } = await receiver()
    const { inside, done } = await runFixture({
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    })
    const [outer] = spans.filter((span) => span.name === 'outer')
    const calls = spans.filter((span) => span.parentSpanId === outer?.spanId && span.spanId !== outer?.spanId)
    // The first call of the fixture runs outside any span and makes none.
    expect(spans).toHaveLength(2)
    expect(calls).toHaveLength(1)
    expect(inside).toMatchObject({
      trace_id: outer?.traceId,
      span_id: outer?.spanId,
      traceparent: `00-${outer?.traceId}-${outer?.spanId}-01`,
    })
    expect(done['received']).toEqual([null, `00-${outer?.traceId}-${calls[0]?.spanId}-01`])
    expect(JSON.stringify(spans)).not.toContain('secret=word')
  })

  it('given no collector, ids flow all the same, nothing is sampled, and the end is quick', async () => {
    const { inside, done } = await runFixture({})
    expect(inside['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    expect(inside['trace_id']).toMatch(/^[0-9a-f]{32}$/)
    expect((done['received'] as string[])[1]).toContain(String(inside['trace_id']))
    expect(done['metrics']).toBeGreaterThan(100)
    expect(done['flushMs']).toBeLessThan(1_500)
  })

  it('given a collector that cannot be reached, the end waits no longer than the cap', async () => {
    const { done } = await runFixture({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
    expect(done['flushMs']).toBeLessThan(5_000)
  })

  it('given OTEL_SDK_DISABLED, there is neither span nor id nor metric', async () => {
    const { inside, done } = await runFixture({
      OTEL_SDK_DISABLED: 'true',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    })
    expect(inside).toMatchObject({ traceparent: null })
    expect(inside).not.toHaveProperty('trace_id')
    expect(done).toMatchObject({ received: [null, null], metrics: 0 })
  })
})
