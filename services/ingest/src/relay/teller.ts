import { wait } from '@synap/core'
import type { Logger } from '@synap/messaging'

export interface TellerOptions {
  /** Says once that there is more. */
  send: () => Promise<unknown>
  /** Milliseconds from the beginning of one word to that of the next, at least. */
  restMs: number
  logger: Logger
}

/** Says that there is more: at once after a silence, and else once for all who asked meanwhile. */
export interface Teller {
  /** Something was committed: a word that begins after this call tells of it. */
  tell(): void
  /** Says what is still to be said, without a rest, and nothing more. */
  close(): Promise<void>
}

/** What cannot be said is not said again: it is found by the clock of who would have heard it. */
export function createTeller({ send, restMs, logger }: TellerOptions): Teller {
  const stop = new AbortController()
  let isAsked = false
  let hasFailed = false
  let telling: Promise<void> | undefined

  const say = async () => {
    try {
      await send()
      hasFailed = false
    } catch (error) {
      if (!hasFailed) logger.warn({ error }, 'the relay of another process could not be told of commits')
      hasFailed = true
    }
  }
  const run = async () => {
    while (isAsked) {
      isAsked = false
      const began = performance.now()
      await say()
      const restsMs = began + restMs - performance.now()
      if (restsMs > 0) await wait(restsMs, stop.signal).catch(() => undefined)
    }
    telling = undefined
  }
  return {
    tell() {
      if (stop.signal.aborted) return
      isAsked = true
      telling ??= run()
    },
    async close() {
      stop.abort(new Error('the relay is closing'))
      await telling
    },
  }
}
