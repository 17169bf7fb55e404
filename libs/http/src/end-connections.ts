import { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Requests under way by connection. Of all apps of the process: two may be served on one port. */
const underWay = new WeakMap<Socket, number>()

const count = (socket: Socket, change: 1 | -1) => underWay.set(socket, (underWay.get(socket) ?? 0) + change)

export interface ClosingTimes {
  /** Milliseconds in which a connection that has just been made may still say what it wants; 500 by default. */
  silenceMs?: number
  /** Milliseconds in which what is under way may end; 8,000 by default: other parts have to close after this one. */
  patienceMs?: number
}

/**
 * While the app closes, each answer ends its connection, one without a request is ended soon, and any in the end.
 *
 * The server (Node 24) closes only the connections that are idle at that moment, and waits for all others. One with an
 * answer half-way out is kept alive afterwards, for its header was written before. One on which nothing was said yet, as
 * browsers keep in store and fetch leaves behind when a call is given up, does not count as idle, and nothing looks for
 * slow clients any more. Each would hold the close up for its whole timeout.
 */
export function endConnectionsOnClose(
  app: FastifyInstance,
  { silenceMs = 500, patienceMs = 8_000 }: ClosingTimes = {},
): void {
  const open = new Set<Socket>()
  let closing = false
  app.server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  app.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw
    count(socket, 1)
    reply.raw.once('close', () => {
      count(socket, -1)
      if (closing && socket instanceof Socket) socket.destroySoon()
    })
    done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close')
    done()
  })
  app.addHook('preClose', (done) => {
    closing = true
    const isSilent = (socket: Socket) => (underWay.get(socket) ?? 0) === 0
    setTimeout(() => endAll([...open].filter(isSilent)), silenceMs).unref()
    setTimeout(() => endAll([...open]), patienceMs).unref()
    done()
  })
}

function endAll(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy()
}
