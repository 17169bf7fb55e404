import { createConnection } from 'node:net'
import { type Check, ok, warning } from './check.ts'

/** Nothing waits for telemetry: that it cannot be sent is never a failure. */
export const telemetry: Check = {
  name: 'telemetry',
  otherwise: () => 'Is OTEL_EXPORTER_OTLP_ENDPOINT right?',
  run: async ({ environment }, signal) => {
    const endpoint = environment['OTEL_EXPORTER_OTLP_ENDPOINT']
    if (!endpoint) return undefined
    if (!URL.canParse(endpoint))
      return warning(`${endpoint} is no address`, 'Set OTEL_EXPORTER_OTLP_ENDPOINT to http://host:4318')
    const isThere = await canConnect(new URL(endpoint), signal)
    return isThere
      ? ok(`${endpoint} takes connections`)
      : warning(`nothing listens at ${endpoint}`, 'Start the collector, or unset OTEL_EXPORTER_OTLP_ENDPOINT')
  },
}

const usualPorts: Record<string, number> = { 'http:': 80, 'https:': 443 }

/** A connection is all that can be asked for: what speaks there may be HTTP or gRPC. */
function canConnect({ hostname, port, protocol }: URL, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[|\]$/g, '')
    const socket = createConnection({ host, port: Number(port) || (usualPorts[protocol] ?? 4317) })
    const end = (isThere: boolean) => {
      socket.destroy()
      resolve(isThere)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
    signal.addEventListener('abort', () => end(false), { once: true })
  })
}
