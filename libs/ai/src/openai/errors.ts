import { SynapError, type SynapErrorOptions } from '@synap/core'
import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from 'openai'
import { ZodError } from 'zod'

const quotaWaitMs = 15 * 60_000

/**
 * The failure of a call as our error. What another try may mend is `dependency`; what a person must mend is
 * `configuration`; what this text will always meet is `data`. Bodies of answers never enter the message: they can
 * repeat what was sent.
 */
export function modelError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  if (error instanceof SynapError) return error.code === 'deadline.exceeded' ? timeout(error) : error
  if (error instanceof APIConnectionTimeoutError) return timeout(error)
  if (error instanceof APIUserAbortError) return timeout(error)
  if (error instanceof APIConnectionError) {
    const inner = causes(error).find((cause) => cause instanceof SynapError)
    return (
      inner ??
      failure('model.unreachable', 'dependency', 'the model server cannot be reached', { cause: error })
    )
  }
  if (error instanceof APIError) return statusError(error)
  if (error instanceof ZodError) return wrongShape('the answer does not fit the schema')
  if (error instanceof SyntaxError) {
    return failure('model.invalid_json', 'data', 'the answer of the model is not JSON', {})
  }
  return error
}

/** True when a server shows that it has no Responses API; a 404 for the model is not that. */
export function lacksResponses(error: unknown): boolean {
  if (!(error instanceof APIError)) return false
  if (error.status === 405 || error.status === 501) return true
  return error.status === 404 && error.code !== 'model_not_found'
}

/** True when a server does not take the answer format it was asked for; servers have no common code for that. */
export function refusesFormat(error: unknown): boolean {
  return refuses(error, /response_format|json_schema|json_object|text\.format|structured|grammar/iu)
}

/** True when a server, or its model, gives vectors of one length only (vLLM: "does not support matryoshka"). */
export function refusesDimensions(error: unknown): boolean {
  return refuses(error, /dimension|matryoshka/iu)
}

/** True when a server has no embeddings at all; an unknown model is not that. */
export function lacksEmbeddings(error: unknown): boolean {
  if (refuses(error, /not support (?:the )?embeddings?\b/iu)) return true
  if (!(error instanceof APIError)) return false
  if (error.status === 405 || error.status === 501) return true
  return error.status === 404 && !/model/iu.test(`${error.code} ${error.message}`)
}

/** True for an answer that was given, and is not in the shape that was asked for. */
export function isShapeless(error: unknown): boolean {
  return (
    error instanceof ZodError ||
    error instanceof SyntaxError ||
    (error instanceof SynapError && error.code === 'model.wrong_shape')
  )
}

function refuses(error: unknown, sign: RegExp): boolean {
  if (!(error instanceof APIError) || (error.status !== 400 && error.status !== 422)) return false
  return sign.test(`${error.param} ${error.message}`)
}

export function wrongShape(message: string): SynapError {
  return failure('model.wrong_shape', 'data', message, {})
}

export function failure(
  code: string,
  kind: SynapErrorOptions['class'],
  message: string,
  rest: Pick<SynapErrorOptions, 'cause' | 'retryAfterMs' | 'fields'>,
): SynapError {
  return new SynapError(message, { code, class: kind, ...rest })
}

function statusError(error: APIError): SynapError {
  const status = error.status ?? 0
  const fields = { status, type: error.type ?? null, code: error.code ?? null }
  const retryAfterMs = retryAfter(error.headers)
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
  if (status === 401 || status === 403) {
    return failure('model.unauthorised', 'configuration', 'the model server refuses the key', { fields })
  }
  if (status === 404 || error.code === 'model_not_found') {
    return failure('model.not_found', 'configuration', 'the model server does not know the model', { fields })
  }
  if (status === 429 && error.code === 'insufficient_quota') {
    return failure('model.quota_exhausted', 'dependency', 'the quota of the model key is used up', {
      fields,
      retryAfterMs: quotaWaitMs,
    })
  }
  if (status === 429)
    return failure('model.rate_limited', 'dependency', 'the model server limits the rate', {
      fields,
      ...wait,
    })
  if (status === 408 || status === 409 || status >= 500) {
    return failure('model.unavailable', 'dependency', 'the model server failed', { fields, ...wait })
  }
  return failure('model.request_refused', 'data', 'the model server refuses the request', { fields })
}

function timeout(error: unknown): SynapError {
  return failure('model.timeout', 'dependency', 'the model server did not answer in time', { cause: error })
}

/** Milliseconds from `retry-after-ms`, or from `retry-after` in seconds or as a date; bounded to a day. */
function retryAfter(headers: Headers | undefined): number | undefined {
  const exact = Number(headers?.get('retry-after-ms') ?? Number.NaN)
  const text = headers?.get('retry-after') ?? ''
  const seconds = text.trim() === '' ? Number.NaN : Number(text)
  const date = Date.parse(text) - Date.now()
  const ms = [exact, seconds * 1_000, date].find((value) => Number.isFinite(value) && value >= 0)
  return ms === undefined ? undefined : Math.min(Math.ceil(ms), 86_400_000)
}

function causes(error: unknown): unknown[] {
  const found: unknown[] = []
  let current = error
  while (current instanceof Error && found.length < 6) {
    found.push(current)
    current = current.cause
  }
  return found
}
