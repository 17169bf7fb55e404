import { problemContentType, problems } from '@synap/contracts'
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
