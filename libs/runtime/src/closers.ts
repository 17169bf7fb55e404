import { type Logger, secondsSince } from '@synap/telemetry'

/** Releases what a service opened; run last-in, first-out. */
export type Closer = () => unknown

/** What a service has opened so far, to be released in the reverse order within one deadline. */
export class Closers {
  readonly #stack: Closer[] = []

  readonly defer = (close: Closer): void => {
    this.#stack.push(close)
  }

  /**
   * Runs all closers; a failing one is logged and does not keep the others from running. Resolves to false when
   * `capMs` passed before all had ended.
   */
  async close(logger: Logger, capMs: number): Promise<boolean> {
    let clock: NodeJS.Timeout | undefined
    const cap = new Promise<boolean>((resolve) => {
      clock = setTimeout(() => resolve(false), capMs)
    })
    const inTime = await Promise.race([this.#closeAll(logger), cap])
    clearTimeout(clock)
    return inTime
  }

  async #closeAll(logger: Logger): Promise<boolean> {
    for (let close = this.#stack.pop(); close !== undefined; close = this.#stack.pop()) {
      const startedAt = performance.now()
      try {
        await close()
      } catch (error) {
        logger.error({ error }, 'a part did not close cleanly')
      }
      const seconds = secondsSince(startedAt)
      if (seconds > 1) logger.warn({ seconds }, 'a part took long to close')
    }
    return true
  }
}
