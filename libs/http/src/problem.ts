import { type Problem, type ProblemName, problems } from '@synap/contracts'

export interface ProblemOptions {
  /** One sentence for this occurrence. Shown to the client: no SQL, no stack, no host, no bucket. */
  detail?: string
  /** Every field that is not valid, with its place in the request (`body.tags.0`, `query.limit`). */
  errors?: readonly FieldError[]
  /** Seconds, for the header `Retry-After`. */
  retryAfter?: number
  headers?: Record<string, string>
  /** More members of the problem (RFC 9457, 3.2), such as `currentVersion`. */
  extensions?: Record<string, string | number | boolean | null>
  cause?: unknown
}

export interface FieldError {
  path: string
  message: string
}

/** Thrown by a handler or a hook to end the request with a problem; an expected outcome, never logged as an error. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly kind: ProblemName
  readonly options: ProblemOptions

  constructor(kind: ProblemName, options: ProblemOptions = {}) {
    super(
      options.detail ?? problems[kind].title,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.kind = kind
    this.options = options
  }
}

/** `throw problem('notFound')` */
export function problem(kind: ProblemName, options?: ProblemOptions): ProblemError {
  return new ProblemError(kind, options)
}

/** The body of a problem. `instance` is opaque and, like the correlation id, leads to the logs and the trace. */
export function problemBody(error: ProblemError, correlationId: string | undefined): Problem {
  const { detail, errors, extensions } = error.options
  return {
    ...problems[error.kind],
    ...(detail === undefined ? {} : { detail }),
    ...(correlationId === undefined ? {} : { instance: `urn:synap:request:${correlationId}`, correlationId }),
    ...(errors === undefined ? {} : { errors: [...errors] }),
    ...extensions,
  }
}

/** The headers that go with a problem, names in lower case. */
export function problemHeaders(error: ProblemError): Record<string, string> {
  const { retryAfter, headers } = error.options
  return {
    ...headers,
    ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfter))) }),
    ...(error.kind === 'unauthenticated' ? { 'www-authenticate': 'Bearer realm="synap"' } : {}),
    'cache-control': 'no-store',
  }
}
