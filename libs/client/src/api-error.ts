import { type ErrorClass, SynapError } from '@synap/core'

/** The parts of an RFC 9457 problem that programs use. */
export interface ApiProblem {
  /** Stable; programs branch on it. */
  type: string
  title: string
  status: number
  detail?: string
  /** Of a refusal: why, as a stable word such as `undo.conflict`. */
  code?: string
  /** The version that it has now, where another one was expected. */
  currentVersion?: number
  /** What is not valid, with its place in the request: `body.timeZone`. */
  errors?: readonly { path: string; message: string }[]
}

/**
 * An answer that is no success. `class` is `dependency` when another try may help (429, 5xx, no answer), `configuration`
 * for 401 and 403, else `data`: this request can never succeed as it is.
 */
export class ApiError extends SynapError {
  /** HTTP status; 0 when no answer came. */
  readonly status: number
  readonly problem: ApiProblem | undefined
  /** Of whom it was asked: `http://127.0.0.1:3000`. */
  readonly origin: string | undefined

  constructor(message: string, options: ApiErrorOptions) {
    super(message, {
      code: options.code,
      class: classOf(options.status),
      ...(options.cause === undefined ? {} : { cause: options.cause }),
      ...(options.retryAfterMs === undefined ? {} : { retryAfterMs: options.retryAfterMs }),
      fields: { status: options.status, ...(options.problem ? { type: options.problem.type } : {}) },
    })
    this.status = options.status
    this.problem = options.problem
    this.origin = options.origin
  }
}

export interface ApiErrorOptions {
  code: string
  status: number
  origin?: string
  problem?: ApiProblem | undefined
  retryAfterMs?: number | undefined
  cause?: unknown
}

function classOf(status: number): ErrorClass {
  if (status === 0 || status === 408 || status === 429 || status >= 500) return 'dependency'
  return status === 401 || status === 403 ? 'configuration' : 'data'
}

/** Reads a problem+json body; anything else gives undefined, never an error. */
export function parseProblem(status: number, text: string): ApiProblem | undefined {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof body !== 'object' || body === null) return undefined
  const { type, title, detail, code, currentVersion, errors } = body as Record<string, unknown>
  if (typeof type !== 'string') return undefined
  return {
    type,
    title: typeof title === 'string' ? title : type,
    status,
    ...(typeof detail === 'string' ? { detail } : {}),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof currentVersion === 'number' ? { currentVersion } : {}),
    ...(Array.isArray(errors) ? { errors: errors.filter(isFieldError) } : {}),
  }
}

function isFieldError(value: unknown): value is { path: string; message: string } {
  if (typeof value !== 'object' || value === null) return false
  const { path, message } = value as Record<string, unknown>
  return typeof path === 'string' && typeof message === 'string'
}

/** Milliseconds of a `Retry-After` header (seconds or an HTTP date); undefined when absent or unreadable. */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null || header.trim() === '') return undefined
  const seconds = Number(header)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}
