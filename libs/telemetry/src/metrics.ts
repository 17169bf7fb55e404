import { type Attributes, metrics } from '@opentelemetry/api'

/** Few values each: labels multiply time series, so never an id. */
export type Labels = Attributes

export interface MetricOptions {
  /** One sentence, shown by Prometheus as HELP. */
  help: string
}

export interface HistogramOptions extends MetricOptions {
  /** Upper bounds of the buckets, ascending, in the metric's unit; those for seconds by default. */
  buckets?: number[]
}

const meter = () => metrics.getMeter('synap')
// 1 ms to 60 s: from a cached answer to a slow model.
const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/**
 * The instruments of a service, named `synap_<service>_<what>_<unit>` with base units (seconds, bytes); `_total` is
 * added to counters. Made on first use, so that a module may declare its metrics before the SDK starts.
 */
export function counter(
  name: string,
  { help }: MetricOptions,
): { add(value?: number, labels?: Labels): void } {
  const instrument = once(() => meter().createCounter(name, { description: help }))
  return { add: (value = 1, labels = {}) => instrument().add(value, labels) }
}

export function histogram(
  name: string,
  { help, buckets = secondsBuckets }: HistogramOptions,
): { record(value: number, labels?: Labels): void } {
  const instrument = once(() =>
    meter().createHistogram(name, { description: help, advice: { explicitBucketBoundaries: buckets } }),
  )
  return { record: (value, labels = {}) => instrument().record(value, labels) }
}

export function gauge(name: string, { help }: MetricOptions): { set(value: number, labels?: Labels): void } {
  const instrument = once(() => meter().createGauge(name, { description: help }))
  return { set: (value, labels = {}) => instrument().record(value, labels) }
}

/** A gauge that is read when somebody scrapes; call it after the start, give the returned function to `defer`. */
export function observe(
  name: string,
  { help }: MetricOptions,
  read: () => number | undefined | readonly { value: number; labels: Labels }[],
): () => void {
  const instrument = meter().createObservableGauge(name, { description: help })
  const callback: Parameters<typeof instrument.addCallback>[0] = (result) => {
    const now = read()
    if (typeof now === 'number') result.observe(now)
    else for (const { value, labels } of now ?? []) result.observe(value, labels)
  }
  instrument.addCallback(callback)
  return () => instrument.removeCallback(callback)
}

/** Milliseconds of a monotonic clock as seconds since `startedAt` (a value of `performance.now()`). */
export function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1_000
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
