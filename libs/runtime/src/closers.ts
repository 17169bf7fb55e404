import { type Logger, secondsSince } from '@synap/telemetry'

/** Releases what a service opened; run last-in, first-out. */
export type Closer = () => unknown

/** Registers how to release what was just opened, under the name its log lines give it. */
export type Defer = (part: string, close: Closer) => void

interface Open {
  part: string
  close: Closer
}

/** What a service has opened so far, to be released in the reverse order within one deadline. */
export class Closers {
  readonly #stack: Open[] = []

  readonly defer: Defer = (part, close) => {
    this.#stack.push({ part, close })
  }

  /**
   * Runs all closers; a failing one is logged and does not keep the others from running. Resolves to false when
   * `capMs` passed before all had ended; the log then names the part that hangs and those behind it.
   */
  async close(logger: Logger, capMs: number): Promise<boolean> {
    const progress: { part: string | null } = { part: null }
    let clock: NodeJS.Timeout | undefined
    const cap = new Promise<boolean>((resolve) => {
      clock = setTimeout(() => resolve(false), capMs)
    })
    const inTime = await Promise.race([this.#closeAll(logger, progress), cap])
    clearTimeout(clock)
    if (!inTime) {
      const notClosed = this.#stack.map(({ part }) => part).toReversed()
      logger.error({ part: progress.part, notClosed }, 'a part hangs while it closes')
    }
    return inTime
  }

  async #closeAll(logger: Logger, progress: { part: string | null }): Promise<boolean> {
    for (let next = this.#stack.pop(); next !== undefined; next = this.#stack.pop()) {
      const { part, close } = next
      progress.part = part
      const startedAt = performance.now()
      try {
        await close()
      } catch (error) {
        logger.error({ part, error }, 'a part did not close cleanly')
      }
      const seconds = secondsSince(startedAt)
      if (seconds > 1) logger.warn({ part, seconds }, 'a part took long to close')
    }
    return true
  }
}
