import { describeError, wait } from '@synap/core'
import type { Logger } from '@synap/messaging'

const everyMs = 60_000

/** Retries once a minute until the answered function is called; a failure is logged and the next turn comes. */
export function startRetries(
  logger: Logger,
  retry: (signal: AbortSignal) => Promise<unknown>,
): () => Promise<void> {
  const stop = new AbortController()
  const ended = (async () => {
    while (!stop.signal.aborted) {
      await wait(everyMs, stop.signal).catch(() => undefined)
      if (stop.signal.aborted) return
      await retry(stop.signal).catch((error: unknown) => {
        if (stop.signal.aborted) return
        logger.warn({ error: describeError(error) }, 'retrying parked derived records failed')
      })
    }
  })()
  return async () => {
    stop.abort()
    await ended
  }
}
