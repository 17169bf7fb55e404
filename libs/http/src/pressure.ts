import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { FastifyInstance } from 'fastify'
import { problem } from './problem.ts'

export interface PressureLimits {
  /** Milliseconds the event loop may lag before requests are turned away; 1,000 by default. */
  maxEventLoopDelayMs?: number
  /** Bytes of heap in use before requests are turned away; by default 90 % of what V8 would end the process at. */
  maxHeapBytes?: number
  /** Connections at once; by default what the system's limit of open files leaves after the process' own. */
  maxConnections?: number
}

const retrySeconds = 5
const measureMs = 1_000
const resolutionMs = 10
/** What a process opens besides its connections: databases, the object store, uploads, logs. */
const ownFiles = 128

/**
 * Turns requests away with 503 while the process is short of time, memory or files; to be registered before
 * authentication. Beyond the connections there may be, new ones are closed without an answer. A request is never turned
 * away for want of time when no other is under way: that would give the time to nobody.
 *
 * In place of `@fastify/under-pressure` (9.2): that one measures with a call that needs a file, and ends the process by
 * an exception in a timer when there is none left.
 */
export function registerPressureLimit(app: FastifyInstance, limits: PressureLimits): void {
  const { maxEventLoopDelayMs = 1_000, maxHeapBytes = getHeapStatistics().heap_size_limit * 0.9 } = limits
  const maxConnections = limits.maxConnections ?? connectionsFor(openFileLimit())
  if (maxConnections !== undefined) app.server.maxConnections = maxConnections
  let connections = 0
  app.server.on('connection', (socket) => {
    connections += 1
    socket.once('close', () => (connections -= 1))
  })

  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()
  let isLate = false
  let isFull = false
  const timer = setInterval(() => {
    const delayMs = histogram.mean / 1e6 - resolutionMs
    histogram.reset()
    // Not a single sample in all the time: it was blocked.
    isLate = Number.isNaN(delayMs) || delayMs > maxEventLoopDelayMs
    isFull = getHeapStatistics().used_heap_size > maxHeapBytes
  }, measureMs).unref()
  app.addHook('onClose', () => {
    clearInterval(timer)
    histogram.disable()
  })

  let underWay = 0
  app.addHook('onRequest', async (_request, reply) => {
    const isAlone = underWay === 0
    underWay += 1
    reply.raw.once('close', () => (underWay -= 1))
    const isCrowded = maxConnections !== undefined && connections > maxConnections * 0.9
    if (!(isLate && !isAlone) && !isFull && !isCrowded) return
    throw problem('unavailable', {
      retryAfter: retrySeconds,
      detail: 'The service is overloaded.',
      ...(isCrowded ? { headers: { connection: 'close' } } : {}),
    })
  })
}

/** At least half of the files, however few there are. */
export function connectionsFor(files: number | undefined): number | undefined {
  return files === undefined ? undefined : Math.max(Math.floor(files / 2), files - ownFiles)
}

/** How many files this process may have open, where the system says so (Linux). */
function openFileLimit(): number | undefined {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return limit === undefined ? undefined : Number(limit)
  } catch {
    return undefined
  }
}
