import { httpHeaders, idempotencyKey, timeZoneName } from '@synap/contracts'
import { correlationIdOf, principalOf, problem } from '@synap/http'
import { currentTrace } from '@synap/telemetry'
import type { FastifyRequest } from 'fastify'
import type { Caller, RequestKey } from './caller.ts'
import { hashRequest } from './hash-request.ts'

/** Who a request acts as. A key that acts for somebody else is a service, and is named. */
export function callerOf(request: FastifyRequest): Caller {
  const { credential, userId } = principalOf(request)
  const isService = credential.userId !== userId
  const trace = currentTrace()
  return {
    userId,
    actor: isService ? { kind: 'service', id: credential.keyId } : { kind: 'user', id: null },
    source: isService ? 'automation' : 'api',
    correlationId: correlationIdOf(request),
    traceparent: trace?.traceparent ?? null,
    tracestate: trace?.tracestate ?? null,
  }
}

/** The time zone that a request says for the dates in its text; undefined without one. Throws a problem when it is none. */
export function timeZoneOf(request: FastifyRequest): string | undefined {
  const header = request.headers[httpHeaders.timeZone]
  if (header === undefined) return undefined
  const parsed = timeZoneName.safeParse(header)
  if (parsed.success) return parsed.data
  const message = parsed.error.issues[0]?.message ?? 'is not valid'
  throw problem('validation', { errors: [{ path: `headers.${httpHeaders.timeZone}`, message }] })
}

/** What is captured, in the time zone that it names itself, else in that of its request. */
export function inTimeZone<T extends { timeZone?: string | undefined }>(
  captured: T,
  timeZone: string | undefined,
): T {
  return timeZone === undefined || captured.timeZone !== undefined ? captured : { ...captured, timeZone }
}

/**
 * The idempotency key of a request with what it asks for, null without one. Throws a problem when it is malformed. `body`
 * is what stands for a body that was read as a stream.
 */
export function requestKeyOf(request: FastifyRequest, body: unknown = request.body): RequestKey | null {
  const header = request.headers[httpHeaders.idempotencyKey]
  if (header === undefined) return null
  const parsed = idempotencyKey.safeParse(header)
  if (!parsed.success) {
    const message = parsed.error.issues[0]?.message ?? 'is not valid'
    throw problem('validation', { errors: [{ path: `headers.${httpHeaders.idempotencyKey}`, message }] })
  }
  const [path = ''] = request.url.split('?', 1)
  return { key: parsed.data, requestHash: hashRequest(request.method, path, body) }
}
