import type { FastifyInstance } from 'fastify'

/**
 * Connections that may wait until the process takes them. The system's own limit holds where it is lower (Linux:
 * `net.core.somaxconn`, 4,096).
 *
 * With Node's 511 a burst that meets a busy process fills the queue. Linux then forgets connections which their clients
 * believe to have, and resets them at the next byte: no answer, and nothing in any log of ours. One that waits in the
 * queue is served, or told 503.
 */
const backlog = 16_384

/** Lets an app take connections; the base address. */
export function listenOn(
  app: Pick<FastifyInstance, 'listen'>,
  { host, port }: { host: string; port: number },
): Promise<string> {
  return app.listen({ host, port, backlog })
}
