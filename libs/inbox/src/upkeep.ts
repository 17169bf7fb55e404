import { describeError, wait } from '@synap/core'
import type { Logger } from '@synap/messaging'

export interface Upkeep {
  /** Ends what is under way; resolves when it has ended. */
  stop(): Promise<void>
}

/** Runs tasks one after the other, then every `everyMs`, until stopped. A failure is logged and the next turn comes. */
export function startUpkeep(
  logger: Logger,
  everyMs: number,
  tasks: Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>>,
): Upkeep {
  const stop = new AbortController()
  const turn = async () => {
    for (const [task, run] of Object.entries(tasks)) {
      try {
        await run(stop.signal)
      } catch (error) {
        if (!stop.signal.aborted)
          logger.warn({ task, error: describeError(error) }, 'upkeep failed, tried again')
      }
    }
  }
  const loop = async () => {
    while (!stop.signal.aborted) {
      await turn()
      await wait(everyMs, stop.signal).catch(() => undefined)
    }
  }
  const ended = loop()
  return {
    async stop() {
      stop.abort()
      await ended
    },
  }
}
