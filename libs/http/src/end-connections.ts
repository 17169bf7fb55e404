import type { FastifyInstance } from 'fastify'

/**
 * While the app closes, each answer ends its connection. The server closes only the connections that are idle at that
 * moment; one with a request under way would go on to be kept alive, and the close would wait for it.
 */
export function endConnectionsOnClose(app: FastifyInstance): void {
  let closing = false
  app.addHook('preClose', (done) => {
    closing = true
    done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close')
    done()
  })
}
