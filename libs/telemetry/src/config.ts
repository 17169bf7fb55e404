/** What the environment says about telemetry; the OTEL_* names are those of the OpenTelemetry specification. */
export interface TelemetryEnv {
  /** `OTEL_SDK_DISABLED=true`: no spans, no ids, no metrics. */
  disabled: boolean
  /** True when there is somewhere to send spans to. */
  exporting: boolean
  serviceName: string
  protocol: 'http/protobuf' | 'http/json' | 'grpc'
}

/** Reads the environment; the service's name is that of its folder when `OTEL_SERVICE_NAME` does not say it. */
export function readTelemetryEnv(): TelemetryEnv {
  const endpoint =
    process.env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || process.env['OTEL_EXPORTER_OTLP_ENDPOINT']
  const folder = /services[/\\]([a-z-]+)[/\\]/.exec(process.argv[1] ?? '')?.[1]
  return {
    disabled: process.env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true',
    exporting: endpoint !== undefined && endpoint !== '',
    protocol: protocolOf(
      process.env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] || process.env['OTEL_EXPORTER_OTLP_PROTOCOL'],
    ),
    serviceName: process.env['OTEL_SERVICE_NAME'] || (folder === undefined ? 'synap' : `synap-${folder}`),
  }
}

/** `LOG_LEVEL`, or `info`. */
export function readLogLevel(): string {
  return process.env['LOG_LEVEL'] || 'info'
}

/** Keeps what the SDK says about the host to what an operator needs; command lines and user names stay out of spans. */
export function limitResourceDetectors(): void {
  process.env['OTEL_NODE_RESOURCE_DETECTORS'] ??= 'env,serviceinstance'
}

/** The default of the specification for anything else. */
function protocolOf(text: string | undefined): TelemetryEnv['protocol'] {
  return text === 'grpc' || text === 'http/json' ? text : 'http/protobuf'
}
