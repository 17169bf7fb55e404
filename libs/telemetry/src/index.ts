export { attributes } from './attributes.ts'
export { createLogger, type Logger, type LoggerOptions } from './logger.ts'
export {
  counter,
  gauge,
  type HistogramOptions,
  histogram,
  type Labels,
  type MetricOptions,
  observe,
  secondsSince,
} from './metrics.ts'
export { redactText } from './redact.ts'
export { metricsText, shutdownTelemetry } from './state.ts'
export {
  type CurrentTrace,
  contextOf,
  continueTrace,
  currentTrace,
  failSpan,
  linkTo,
  runInSpan,
  type SpanSettings,
  startConsumerSpan,
  startSpan,
  type TraceHeaders,
  traceOf,
  withSpan,
} from './trace.ts'
