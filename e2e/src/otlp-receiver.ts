import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'

/** A span as OTLP/HTTP sends it in JSON; ids in hexadecimal. */
export interface ReceivedSpan {
  service: string
  name: string
  kind: number
  traceId: string
  spanId: string
  /** Empty for a root. */
  parentSpanId: string
  links: { traceId: string; spanId: string }[]
  attributes: Record<string, unknown>
}

export interface OtlpReceiver extends AsyncDisposable {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`, with the protocol `http/json`. */
  url: string
  spans: readonly ReceivedSpan[]
}

interface OtlpSpan extends Omit<ReceivedSpan, 'attributes' | 'links' | 'service' | 'parentSpanId'> {
  parentSpanId?: string
  links?: { traceId: string; spanId: string }[]
  attributes?: OtlpAttribute[]
}
interface OtlpAttribute {
  key: string
  value: Record<string, unknown>
}
interface TracesRequest {
  resourceSpans: { resource: { attributes: OtlpAttribute[] }; scopeSpans: { spans: OtlpSpan[] }[] }[]
}

/**
 * A server that keeps the spans it is sent: https://opentelemetry.io/docs/specs/otlp/#otlphttp. What is not traces is
 * accepted and left out.
 */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = []
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      if (request.url === '/v1/traces')
        spans.push(...spansOf(JSON.parse(body.toString('utf8')) as TracesRequest))
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const body = await buffer(request)
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
}

function spansOf({ resourceSpans }: TracesRequest): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(valuesOf(resource.attributes)['service.name'])
    return scopeSpans.flatMap((scope) =>
      scope.spans.map((span) => ({
        service,
        name: span.name,
        kind: span.kind,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? '',
        links: span.links ?? [],
        attributes: valuesOf(span.attributes ?? []),
      })),
    )
  })
}

function valuesOf(attributes: readonly OtlpAttribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}
