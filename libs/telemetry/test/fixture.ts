/** A program for the tests of the preload: makes a span around an HTTP call, logs, and shuts down. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLogger, currentTrace, metricsText, shutdownTelemetry, withSpan } from '../src/index.ts'

const logger = createLogger('fixture')
const received: (string | undefined)[] = []
const server = createServer((request, response) => {
  received.push(request.headers['traceparent'] as string | undefined)
  response.end('ok')
})
await new Promise<void>((resolve) => {
  server.listen(0, '127.0.0.1', resolve)
})
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?secret=word`
await (await fetch(url)).text()
await withSpan('outer', {}, async () => {
  logger.info({ traceparent: currentTrace()?.traceparent ?? null }, 'inside')
  await (await fetch(url)).text()
})
const metrics = await metricsText()
const startedAt = performance.now()
await shutdownTelemetry()
logger.info({ received, metrics: metrics.length, flushMs: Math.round(performance.now() - startedAt) }, 'done')
process.exit(0)
