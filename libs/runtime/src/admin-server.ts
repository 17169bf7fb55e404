import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { metricsText } from '@synap/telemetry'
import type { HealthRegistry, Report } from './health.ts'

export interface AdminServer {
  port: number
  close(): Promise<void>
}

/** Serves /livez, /readyz and /metrics, for orchestrators and Prometheus only: never on the port of the API. */
export async function startAdminServer(
  health: HealthRegistry,
  { host, port }: { host: string; port: number },
): Promise<AdminServer> {
  const server = createServer((request, response) => {
    answer(health, request.url ?? '/', response).catch(() => {
      response.statusCode = 500
      response.end()
    })
  })
  server.requestTimeout = 5_000
  server.headersTimeout = 5_000
  await listening(server, host, port)
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(health: HealthRegistry, path: string, response: ServerResponse): Promise<void> {
  switch (path) {
    case '/livez':
      return sendReport(response, health.liveness())
    case '/readyz':
      return sendReport(response, await health.readiness())
    case '/metrics':
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
      response.end(await metricsText())
      return undefined
    default:
      response.statusCode = 404
      response.end()
      return undefined
  }
}

function sendReport(response: ServerResponse, { ok, checks }: Report): void {
  const failing = Object.keys(checks).filter((name) => checks[name] !== 'ok')
  response.statusCode = ok ? 200 : 503
  response.setHeader('content-type', 'application/json')
  response.setHeader('cache-control', 'no-store')
  response.end(`${JSON.stringify({ status: ok ? 'ok' : 'failing', failing, checks })}\n`)
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
