import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { AwsInstrumentation } from '@opentelemetry/instrumentation-aws-sdk'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node'
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici'
import { NodeSDK, type NodeSDKConfiguration } from '@opentelemetry/sdk-node'
import { assertNever } from '@synap/core'
import { limitResourceDetectors, type TelemetryEnv } from './config.ts'
import { type SpanExporter, withoutContent } from './span-content.ts'
import { type RunningTelemetry, setRunningTelemetry } from './state.ts'

type SpanProcessor = NonNullable<NodeSDKConfiguration['spanProcessors']>[number]
type Sampler = NodeSDKConfiguration['sampler']

/** Takes the place of an exporter where there is no collector: the SDK builds no tracer without a processor. */
const discard: SpanProcessor = {
  onStart: () => undefined,
  onEnd: () => undefined,
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
}

/** Spans get ids, and so do logs, events and messages, but nothing is recorded. */
const idsOnly: Sampler = { shouldSample: () => ({ decision: 0 }), toString: () => 'IdsOnly' }

/**
 * Starts the SDK. With a collector (`OTEL_EXPORTER_OTLP_ENDPOINT`) spans are recorded and sent as the OTEL_*
 * environment says; without one they only have ids, so that correlation ids and contexts flow all the same.
 * `exporter` is what `loadExporter` answered. `spanProcessors` are for tests: they record everything in its place.
 */
export function startTelemetry(
  env: TelemetryEnv,
  { exporter, spanProcessors }: { exporter?: SpanExporter | undefined; spanProcessors?: SpanProcessor[] },
): RunningTelemetry {
  limitResourceDetectors()
  const metrics = new PrometheusExporter({ preventServerStart: true })
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true)
  const sdk = new NodeSDK({
    serviceName: env.serviceName,
    metricReaders: [metrics],
    logRecordProcessors: [],
    instrumentations: instrumentations(),
    ...tracing(exporter, spanProcessors),
  })
  sdk.start()
  const telemetry: RunningTelemetry = {
    metricsText: async () => serializer.serialize((await metrics.collect()).resourceMetrics),
    shutdown: () => sdk.shutdown(),
  }
  setRunningTelemetry(telemetry)
  return telemetry
}

function tracing(
  exporter: SpanExporter | undefined,
  spanProcessors: SpanProcessor[] | undefined,
): Partial<NodeSDKConfiguration> {
  if (spanProcessors !== undefined) return { spanProcessors }
  if (exporter === undefined) return { spanProcessors: [discard], sampler: idsOnly }
  return { traceExporter: withoutContent(exporter) }
}

/**
 * The exporter that the environment asks for, undefined without a collector. Only that one is loaded: they are large.
 * Addresses, headers and deadlines it reads from the OTEL_* environment itself.
 */
export async function loadExporter({ exporting, protocol }: TelemetryEnv): Promise<SpanExporter | undefined> {
  if (!exporting) return undefined
  switch (protocol) {
    case 'grpc':
      return new (await import('@opentelemetry/exporter-trace-otlp-grpc')).OTLPTraceExporter()
    case 'http/json':
      return new (await import('@opentelemetry/exporter-trace-otlp-http')).OTLPTraceExporter()
    case 'http/protobuf':
      return new (await import('@opentelemetry/exporter-trace-otlp-proto')).OTLPTraceExporter()
    default:
      return assertNever(protocol)
  }
}

/**
 * Nothing here opens a trace of its own: probes, scrapes, pollers and heartbeats run outside any span and so make
 * none. Incoming requests belong to libs/http, which alone can tell whose traceparent may be continued.
 */
function instrumentations() {
  return [
    new HttpInstrumentation({
      disableIncomingRequestInstrumentation: true,
      requireParentforOutgoingSpans: true,
      startOutgoingSpanHook: (request) =>
        withoutQuery(`${request.protocol ?? 'http:'}//${request.host ?? ''}`, request.path ?? '/'),
    }),
    new UndiciInstrumentation({
      requireParentforSpans: true,
      startSpanHook: (request) => withoutQuery(request.origin, request.path),
    }),
    new PgInstrumentation({ requireParentSpan: true, ignoreConnectSpans: true }),
    new AwsInstrumentation({ suppressInternalInstrumentation: true }),
    new RuntimeNodeInstrumentation(),
  ]
}

/** In place of what the instrumentations say of the address: what stands behind the `?` may be content or a signature. */
function withoutQuery(origin: string, path: string): Record<string, string> {
  return { 'url.full': new URL(path.split('?', 1)[0] ?? '/', origin).href, 'url.query': '' }
}
