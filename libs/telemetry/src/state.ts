/**
 * What a running SDK offers to the rest of the process. The SDK is heavy and loaded by the preload only; everybody else
 * goes through this handle, so that a program without the preload pays nothing and still works.
 */
export interface RunningTelemetry {
  /** All metrics in Prometheus text format. */
  metricsText(): Promise<string>
  /** Sends what is buffered. */
  shutdown(): Promise<void>
}

let running: RunningTelemetry | undefined

export function setRunningTelemetry(telemetry: RunningTelemetry | undefined): void {
  running = telemetry
}

/** All metrics in Prometheus text format (version 0.0.4); empty when telemetry is off. */
export async function metricsText(): Promise<string> {
  return (await running?.metricsText()) ?? ''
}

/**
 * Sends the spans still buffered and stops; gives up after `capMs` (2,000 by default), because an unreachable collector
 * must not hold up the end of a process. Never rejects.
 */
export async function shutdownTelemetry(capMs = 2_000): Promise<void> {
  const stopping = running
  running = undefined
  if (stopping === undefined) return
  let clock: NodeJS.Timeout | undefined
  const cap = new Promise<void>((resolve) => {
    clock = setTimeout(resolve, capMs)
  })
  await Promise.race([stopping.shutdown().catch(() => undefined), cap])
  clearTimeout(clock)
}
