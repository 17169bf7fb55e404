import { setTimeout as sleep } from 'node:timers/promises'
import { describeError } from '@synap/core'

export interface EventuallyOptions {
  /** Milliseconds until it gives up; 60,000 by default. */
  deadlineMs?: number
  /** Milliseconds between two looks; 25 by default. */
  everyMs?: number
}

/**
 * Waits for a fact: calls `probe` until it returns something other than undefined, null or false, and gives that back.
 * An error of the probe (a failed `expect` too) counts as "not yet". At the deadline it rejects with `what` and the
 * last reason.
 */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, undefined | null | false>> {
  const deadlineMs = options.deadlineMs ?? 60_000
  const deadline = Date.now() + deadlineMs
  let reason: unknown
  for (;;) {
    try {
      const found = await probe()
      if (found !== undefined && found !== null && found !== false) {
        return found as Exclude<T, undefined | null | false>
      }
      reason = `the last answer was ${String(found)}`
    } catch (error) {
      reason = error
    }
    if (Date.now() >= deadline) {
      const text = typeof reason === 'string' ? reason : describeError(reason)
      throw new Error(`not within ${deadlineMs} ms: ${what} (${text})`, { cause: reason })
    }
    await sleep(options.everyMs ?? 25)
  }
}
