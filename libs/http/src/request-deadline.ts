import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { routeDeadline } from './file-form.ts'
import { longAnswerMs } from './long-answer.ts'
import { problem } from './problem.ts'

/**
 * Gives every request a signal that aborts when its time is over or its client has left. It is then answered 503 or, when
 * it is its body that has not arrived, 408 on a connection that ends. A form with a file may have a time of its own.
 *
 * In place of fastify's own (5.12): that one listens to the `close` of the incoming message, which Node emits as soon as
 * a body has been read, so a POST would be aborted at once and never time out.
 */
export function registerDeadline(app: FastifyInstance, ms: number): void {
  app.addHook('onRequest', (request, reply, done) => {
    const controller = new AbortController()
    Object.defineProperty(request, 'signal', { value: controller.signal, configurable: true })
    const end = () => {
      const reason = hasArrived(request.raw)
        ? problem('unavailable', { detail: 'It took too long.', retryAfter: 2 })
        : problem('requestTimeout', { headers: { connection: 'close' } })
      controller.abort(reason)
      if (reply.sent) return
      if (reply.raw.headersSent) reply.raw.destroy(reason)
      else void reply.send(reason)
    }
    let late = setTimeout(() => {
      const moreMs = reply.raw.headersSent ? longAnswerMs(request.routeOptions.config) : 0
      if (moreMs === 0) end()
      else late = setTimeout(end, moreMs)
    }, routeDeadline(request) ?? ms)
    reply.raw.once('close', () => {
      clearTimeout(late)
      if (!reply.raw.writableFinished) controller.abort(problem('requestTimeout'))
    })
    done()
  })
}

/** Whether all of a request has come in; one without a body has at once. */
function hasArrived({ headers, readableEnded }: IncomingMessage): boolean {
  const announced = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  return readableEnded || !announced
}
