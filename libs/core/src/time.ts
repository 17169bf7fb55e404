import { setTimeout as timer } from 'node:timers/promises'
import { SynapError } from './error.ts'

export interface BackoffOptions {
  /** Milliseconds before the first retry. */
  baseMs: number
  /** No wait is longer than this, in milliseconds. */
  capMs: number
  /** 0 to 1, for tests; `Math.random` by default. */
  random?: () => number
}

/**
 * Milliseconds to wait before retry number `attempt` (1 is the first): exponential with full jitter,
 * `random(0, min(cap, base · 2^(attempt − 1)))`, but never below a tenth of that bound so that a retry storm thins out.
 * Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
 */
export function backoffMs(attempt: number, { baseMs, capMs, random = Math.random }: BackoffOptions): number {
  const bound = Math.min(capMs, baseMs * 2 ** Math.max(0, attempt - 1))
  return Math.round(bound * (0.1 + 0.9 * random()))
}

/** Waits; rejects with the signal's reason as soon as it aborts. */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  try {
    await timer(ms, undefined, { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

/**
 * Runs `work` with a signal that aborts at the deadline or with `signal`. When the deadline passes, rejects with
 * `SynapError` code `deadline.exceeded`, class `dependency`, even if `work` ignores its signal.
 */
export async function withDeadline<T>(
  what: string,
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const expired = new SynapError(`${what} did not answer within ${ms} ms`, {
    code: 'deadline.exceeded',
    class: 'dependency',
    fields: { what, ms },
  })
  const controller = new AbortController()
  const forward = () => controller.abort(signal?.reason)
  signal?.addEventListener('abort', forward, { once: true })
  const clock = setTimeout(() => controller.abort(expired), ms)
  const aborted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason as Error), {
      once: true,
    })
  })
  try {
    return await Promise.race([work(controller.signal), aborted])
  } finally {
    clearTimeout(clock)
    signal?.removeEventListener('abort', forward)
    aborted.catch(() => undefined)
  }
}
