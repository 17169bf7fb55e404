import type { FastifyInstance } from 'fastify'
import { problem } from './problem.ts'

/**
 * Gives every request a signal that aborts when its time is over (it is then answered 503) or its client has left.
 *
 * In place of fastify's own (5.12): that one listens to the `close` of the incoming message, which Node emits as soon as
 * a body has been read, so a POST would be aborted at once and never time out.
 */
export function registerDeadline(app: FastifyInstance, ms: number): void {
  app.addHook('onRequest', (request, reply, done) => {
    const controller = new AbortController()
    Object.defineProperty(request, 'signal', { value: controller.signal, configurable: true })
    const late = setTimeout(() => {
      const reason = problem('unavailable', { detail: 'It took too long.', retryAfter: 2 })
      controller.abort(reason)
      if (reply.sent) return
      if (reply.raw.headersSent) reply.raw.destroy(reason)
      else void reply.send(reason)
    }, ms)
    reply.raw.once('close', () => {
      clearTimeout(late)
      if (!reply.raw.writableFinished) controller.abort(problem('requestTimeout'))
    })
    done()
  })
}
