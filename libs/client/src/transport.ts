import { backoffMs, SynapError, type UserId, wait, withDeadline } from '@synap/core'
import { ApiError, parseProblem, parseRetryAfter } from './api-error.ts'

export interface TransportOptions {
  /** `syn_…`; sent as a bearer token. */
  apiKey: string
  /** Acts for this user; needs the scope `act:any`. */
  actFor?: UserId
  /** Milliseconds for one call, retries and body included; 20,000 by default. */
  deadlineMs?: number
  /** Tries per call, the first included; 4 by default. */
  attempts?: number
  /** For tests; the global `fetch` by default. */
  fetch?: typeof fetch
}

export interface CallOptions {
  signal?: AbortSignal
  /** Acts for another user than the client's own `actFor`. */
  actFor?: UserId
}

export interface Call extends CallOptions {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: URL
  headers?: Record<string, string>
  /** Sent as JSON. */
  body?: unknown
  /** Sent as multipart/form-data, made anew for each try. */
  form?: () => Form
  /** In place of the client's. */
  deadlineMs?: number
  /** Sending it twice has the effect of sending it once: a GET, or a write under an `Idempotency-Key`. */
  repeatable: boolean
  /** A read that can wait for a sequence (`min_sequence`). */
  waits?: true
  /** Statuses besides 2xx that are an answer, not an error. */
  accept?: readonly number[]
}

/** A body that is a stream. */
export interface Form {
  contentType: string
  body: AsyncIterable<Uint8Array>
}

export type Transport = <T>(call: Call, read: (response: Response) => Promise<T>) => Promise<T>

/**
 * One HTTP call with a deadline. Tries again, when the call is repeatable, after 408, 429, 502, 503, 504, a 409 that
 * names a time (a twin in flight) and a broken connection; waits as long as `Retry-After` says, else with backoff.
 * Rejects with `ApiError`.
 */
export function createTransport(options: TransportOptions): Transport {
  const { deadlineMs = 20_000, attempts = 4, fetch: send = fetch } = options
  return async (call, read) => {
    const what = `${call.method} ${call.url.pathname}`
    return withDeadline(what, call.deadlineMs ?? deadlineMs, call.signal, async (signal) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(send, options, call, signal, read)
        } catch (error) {
          signal.throwIfAborted()
          if (!(error instanceof ApiError) || !call.repeatable || attempt >= attempts) throw error
          if (!worthAnotherTry(error)) throw error
          await wait(error.retryAfterMs ?? backoffMs(attempt, { baseMs: 100, capMs: 5_000 }), signal)
        }
      }
    })
  }
}

function worthAnotherTry(error: ApiError): boolean {
  if (error.status === 409) return error.retryAfterMs !== undefined
  return [0, 408, 429, 502, 503, 504].includes(error.status)
}

async function once<T>(
  send: typeof fetch,
  options: TransportOptions,
  call: Call,
  signal: AbortSignal,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const form = call.form === undefined ? undefined : openForm(call.form())
  let response: Response
  try {
    response = await send(call.url, {
      method: call.method,
      headers: { ...headersOf(options, call), ...(form && { 'content-type': form.contentType }) },
      redirect: 'manual',
      signal: form === undefined ? signal : AbortSignal.any([signal, form.ended]),
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      ...(form === undefined ? {} : { body: form.body, duplex: 'half' as const }),
    })
    if (response.ok || (call.accept ?? []).includes(response.status)) return await read(response)
    throw await refusal(call, response)
  } catch (error) {
    if (error instanceof SynapError) throw error
    const broken = form?.sourceError()
    if (broken !== undefined) throw broken
    throw new ApiError(`${call.method} ${call.url.pathname}: no answer`, {
      code: 'api.unreachable',
      status: 0,
      origin: call.url.origin,
      cause: error,
    })
  } finally {
    form?.end()
  }
}

interface OpenForm {
  contentType: string
  body: ReadableStream
  ended: AbortSignal
  /** Once there is an answer, nothing more needs to be sent. */
  end(): void
  /** What the source of the bytes failed with: to `fetch` that is an answer that did not come. */
  sourceError(): Error | undefined
}

function openForm({ contentType, body }: Form): OpenForm {
  const ended = new AbortController()
  let failed: Error | undefined
  const watched = async function* () {
    try {
      for await (const chunk of body) {
        // Aborting has no effect on a body that goes on after its answer was read.
        if (ended.signal.aborted) return
        yield chunk
      }
    } catch (error) {
      failed = error as Error
      throw error
    }
  }
  return {
    contentType,
    body: ReadableStream.from(watched()),
    ended: ended.signal,
    end: () => ended.abort(),
    sourceError: () => failed,
  }
}

function headersOf(options: TransportOptions, call: Call): Record<string, string> {
  const actFor = call.actFor ?? options.actFor
  return {
    authorization: `Bearer ${options.apiKey}`,
    accept: 'application/json',
    ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(actFor === undefined ? {} : { 'synap-user': actFor }),
    ...call.headers,
  }
}

async function refusal(call: Call, response: Response): Promise<ApiError> {
  const problem = parseProblem(response.status, await response.text().catch(() => ''))
  const said = problem ? (problem.detail ?? problem.title) : `status ${response.status}`
  return new ApiError(`${call.method} ${call.url.pathname}: ${said}`, {
    code: 'api.refused',
    status: response.status,
    origin: call.url.origin,
    problem,
    retryAfterMs: parseRetryAfter(response.headers.get('retry-after'), Date.now()),
  })
}
