import type { FastifyInstance } from 'fastify'

/** Bytes. What is announced above is not waited for: the connection is closed. */
export const mostToRead = 64 * 1024 * 1024

/**
 * A body that is too large is read to its end when it says where that is, and thrown away. Most clients read no answer
 * before they have sent everything; with the connection closed in front of them they see a broken pipe and never the 413.
 */
export function readRefusedBodies(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply) => {
    if (reply.statusCode !== 413) return
    if (Number(request.headers['content-length']) <= mostToRead) reply.removeHeader('connection')
  })
}
