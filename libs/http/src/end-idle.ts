import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/**
 * Ends a connection on which nothing came or went for its time, but reads it first. Timers run before reading: a process
 * that was busy would close connections on which a request had come in time, and its client would see a reset.
 */
export function endIdleConnections(app: FastifyInstance): void {
  app.server.on('timeout', (socket: Socket) => {
    const { bytesRead } = socket
    setImmediate(() => {
      if (socket.bytesRead === bytesRead) socket.destroy()
    })
  })
}
