import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type ProblemName, problemContentType, problems } from '@synap/contracts'
import { SynapError } from '@synap/core'
import type { Logger } from '@synap/telemetry'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type ProblemError, problem, problemBody, problemHeaders } from './problem.ts'
import { correlationIdOf, inRequestTrace } from './request-trace.ts'
import { isOurFault, toProblem } from './to-problem.ts'

/** Makes every error answer a problem: thrown ones, unknown routes and what fastify itself refuses. */
export function registerErrorAnswers(app: FastifyInstance, logger: Logger): void {
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, logger))
  app.setNotFoundHandler((request, reply) => sendProblem(problem('notFound'), request, reply))
}

export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply, logger: Logger) {
  const told = toProblem(error)
  const cause = told.options.cause
  if (isOurFault(told)) {
    inRequestTrace(request, () => logger.error({ error: cause }, 'a request failed by our own fault'))
  } else if (told.kind === 'unavailable') {
    const level = cause instanceof SynapError && cause.class === 'configuration' ? 'error' : 'warn'
    inRequestTrace(request, () => logger[level]({ error: cause }, 'a request found a dependency away'))
  }
  return sendProblem(told, request, reply)
}

function sendProblem(error: ProblemError, request: FastifyRequest, reply: FastifyReply) {
  return (
    reply
      .code(problems[error.kind].status)
      .headers(problemHeaders(error))
      .type(problemContentType)
      // Past the serializer of the route, which knows the shape of its success only.
      .serializer(JSON.stringify)
      .send(problemBody(error, correlationIdOf(request)))
  )
}

const byClientError: Record<string, ProblemName> = {
  HPE_HEADER_OVERFLOW: 'tooLarge',
  ERR_HTTP_REQUEST_TIMEOUT: 'requestTimeout',
}

/** Answers what never became a request: broken HTTP, endless headers, a body that does not arrive. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const kind = problems[byClientError[error.code ?? ''] ?? 'malformed']
  const body = JSON.stringify(kind)
  socket.end(
    `HTTP/1.1 ${kind.status} ${STATUS_CODES[kind.status] ?? ''}\r\n` +
      `Content-Type: ${problemContentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  )
}
