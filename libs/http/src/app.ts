import type { Server } from 'node:http'
import fastifyHelmet from '@fastify/helmet'
import { counter, histogram, type Logger } from '@synap/telemetry'
import {
  type FastifyBaseLogger,
  type FastifyHttpOptions,
  type FastifyInstance,
  fastify,
  LogController,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { type Authenticate, findPrincipal, registerAccess } from './access.ts'
import { answerClientError, serveNoneThatWasRefused } from './client-errors.ts'
import { endConnectionsOnClose } from './end-connections.ts'
import { endIdleConnections } from './end-idle.ts'
import { answerError, registerErrorAnswers } from './error-answers.ts'
import { parseJsonBody } from './json-body.ts'
import { type Limits, registerRateLimit } from './limits.ts'
import { type ApiInfo, registerOpenApi } from './openapi.ts'
import { registerPressureLimit } from './pressure.ts'
import { readBeforeClosing } from './read-before-closing.ts'
import { readRefusedBodies } from './read-refused-bodies.ts'
import { registerDeadline } from './request-deadline.ts'
import { beginRequestTrace, correlationIdOf, decideRequestTrace, inRequestTrace } from './request-trace.ts'
import { noteRoutes } from './route-table.ts'
import { refuseStrangeInput } from './strict-input.ts'

/** A fastify app whose routes are typed by their zod schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>

export interface AppOptions {
  /** Name in metrics: `synap_<service>_http_…`. */
  service: string
  logger: Logger
  authenticate: Authenticate
  info: ApiInfo
  /** Bytes of a body, unless the route says otherwise; 2 MiB by default. */
  bodyLimit?: number
  /** Milliseconds until a request is answered 503 and its `request.signal` aborts; 20,000 by default. */
  handlerTimeoutMs?: number
  socketTimeouts?: SocketTimeouts
  limits?: Limits
}

/** Milliseconds a client may take; slow ones are looked for every second. */
export interface SocketTimeouts {
  /** From the connection, or the answer before, to the end of the headers; 10,000 by default. */
  headers?: number
  /** To the last byte of the body; 20,000 by default. At least as long as any form with a file may take. */
  request?: number
  /** Between two requests, as clients are told; 30,000 by default. The connection ends after twice that. */
  keepAlive?: number
  /** Without a byte either way; 60,000 by default. */
  silence?: number
}

/**
 * Builds the app of a service, without listening: limits, tracing, authentication, strict input and problem answers are
 * in place, so that a route has only its schema, its scopes (`config: requires('read')`) and its handler.
 *
 * Unknown fields are refused by strict zod objects; nothing is coerced. `request.signal` aborts when the client leaves
 * or the time is over.
 */
export async function buildApp(options: AppOptions): Promise<App> {
  const app = fastify(serverOptions(options))
  app.server.headersTimeout = options.socketTimeouts?.headers ?? 10_000
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  registerErrorAnswers(app, options.logger)
  noteRoutes(app)
  registerJson(app)
  refuseStrangeInput(app)
  readRefusedBodies(app)
  // The order of the hooks is the policy: first listed is outermost.
  serveNoneThatWasRefused(app)
  endConnectionsOnClose(app)
  endIdleConnections(app)
  readBeforeClosing(app)
  registerDeadline(app, options.handlerTimeoutMs ?? 20_000)
  beginRequestTrace(app)
  registerAccounts(app, options)
  registerPressureLimit(app, options.limits ?? {})
  await app.register(fastifyHelmet, { crossOriginResourcePolicy: { policy: 'same-origin' } })
  await registerOpenApi(app, options.info)
  registerAccess(app, { authenticate: options.authenticate, ...options.limits })
  decideRequestTrace(app)
  await registerRateLimit(app, options.limits ?? {})
  return app.withTypeProvider<ZodTypeProvider>()
}

function serverOptions({
  logger,
  bodyLimit,
  socketTimeouts,
}: AppOptions): FastifyHttpOptions<Server, FastifyBaseLogger> {
  const keepAlive = socketTimeouts?.keepAlive ?? 30_000
  return {
    loggerInstance: logger,
    connectionTimeout: socketTimeouts?.silence ?? 60_000,
    requestTimeout: socketTimeouts?.request ?? 20_000,
    keepAliveTimeout: keepAlive,
    bodyLimit: bodyLimit ?? 2 * 1024 * 1024,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => '',
    exposeHeadRoutes: true,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 512 },
    // A client that is busy itself uses a connection later than it was told.
    http: { connectionsCheckingInterval: 1_000, keepAliveTimeoutBuffer: keepAlive, maxHeaderSize: 16 * 1024 },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      void answerError(error, request, reply, logger)
    },
  }
}

function registerJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJsonBody(body as Buffer))
    } catch (error) {
      done(error as Error)
    }
  })
}

/** One log line, one count and one duration per request, and the id that leads to its trace. */
function registerAccounts(app: FastifyInstance, { service, logger }: AppOptions): void {
  const requests = counter(`synap_${service.replaceAll('-', '_')}_http_requests`, {
    help: 'Requests answered.',
  })
  const durations = histogram(`synap_${service.replaceAll('-', '_')}_http_request_duration_seconds`, {
    help: 'Time from the arrival of a request to the end of its answer.',
  })
  app.addHook('onSend', async (request, reply) => {
    reply.header('synap-correlation-id', correlationIdOf(request))
  })
  app.addHook('onResponse', async (request, reply) => {
    const seconds = reply.elapsedTime / 1_000
    const route = request.routeOptions.url ?? 'unknown'
    const status = reply.statusCode
    requests.add(1, { method: request.method, route, status })
    durations.record(seconds, { method: request.method, route })
    const facts = { method: request.method, route, status, ms: Math.round(reply.elapsedTime * 10) / 10 }
    inRequestTrace(request, () =>
      logger.info({ ...facts, userId: findPrincipal(request)?.userId }, 'answered a request'),
    )
  })
}
