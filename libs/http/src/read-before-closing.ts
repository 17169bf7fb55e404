import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import { mostToRead } from './read-refused-bodies.ts'

/** Milliseconds that a body which nobody wants may take, before its connection is closed in front of its client. */
const patienceMs = 2_000

/**
 * An answer that ends its connection waits for the body that nobody read. Closed with bytes that were not read, the system
 * would send a reset, at which clients forget the answer: the 503 of a crowded process, or any while it stops. To be
 * registered behind whatever decides that a connection ends.
 *
 * Not with 408: there the body is what does not come.
 */
export function readBeforeClosing(app: FastifyInstance): void {
  app.addHook('onSend', async ({ raw }, reply) => {
    if (reply.getHeader('connection') !== 'close' || reply.statusCode === 408) return
    if (raw.complete || raw.destroyed || !(Number(raw.headers['content-length']) <= mostToRead)) return
    raw.resume()
    await once(raw, 'end', { signal: AbortSignal.timeout(patienceMs) }).catch(() => undefined)
  })
}
