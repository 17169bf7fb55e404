import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type ProblemName, problemContentType, problems } from '@synap/contracts'
import type { FastifyInstance } from 'fastify'

/** The last request of a connection. Of all apps of the process: two may be served on one port. */
const lastRequest = new WeakMap<Socket, IncomingMessage>()
/** Connections that were told a problem in place of a request's answer: nothing more is done for them. */
const refused = new WeakSet<Socket>()

/** How often a connection that is late is read again: no trickle of characters buys more. */
const moreReads = 8
/** Milliseconds in which a client may take its answer, before the connection is closed in front of it. */
const lingerMs = 5_000

const byCode: Record<string, ProblemName> = {
  HPE_HEADER_OVERFLOW: 'tooLarge',
}

/** Keeps requests that arrive on a connection which was refused from being served; to be registered before any other hook. */
export function serveNoneThatWasRefused(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = request
    if (refused.has(raw.socket)) {
      reply.hijack()
      raw.resume()
      return
    }
    lastRequest.set(raw.socket, raw)
    done()
  })
}

/** Answers what never became a request: broken HTTP, endless headers, a body that does not arrive. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (refused.has(socket)) return
  if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy()
  else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') refuseIfLate(socket)
  else refuse(socket, byCode[error.code ?? ''] ?? 'malformed')
}

/**
 * The time of a request goes on while this process does not get to read: what has arrived meanwhile is read first, and
 * counts. Timers run before reading, so a process that was busy would say 408 to clients that were in time.
 */
function refuseIfLate(socket: Socket): void {
  const before = lastRequest.get(socket)
  const wasWhole = before?.complete === true
  const hasArrived = () => {
    const now = lastRequest.get(socket)
    return now !== before || (now?.complete === true && !wasWhole)
  }
  const look = (reads: number) => {
    const { bytesRead } = socket
    setImmediate(() => {
      if (hasArrived() || !socket.writable) return
      if (socket.bytesRead > bytesRead && reads > 1) look(reads - 1)
      else refuse(socket, 'requestTimeout')
    })
  }
  look(moreReads)
}

/**
 * Answers and ends our side only: closed whole, with bytes that were not read, the system would send a reset, at which
 * clients forget the answer.
 */
function refuse(socket: Socket, name: ProblemName): void {
  refused.add(socket)
  const kind = problems[name]
  const body = JSON.stringify(kind)
  socket.end(
    `HTTP/1.1 ${kind.status} ${STATUS_CODES[kind.status] ?? ''}\r\n` +
      `Content-Type: ${problemContentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  )
  const late = setTimeout(() => socket.destroy(), lingerMs).unref()
  socket.once('close', () => clearTimeout(late))
}
