import { backoffMs, errorClass, SynapError } from '@synap/core'
import { Deferred } from '../deferred.ts'

/** `open`: nobody asks. `half-open`: one call tries whether the server is back, the others wait for it. */
export type BreakerState = 'closed' | 'half-open' | 'open'

/** The way in for one call. Exactly one of the three is called when it has ended. */
export interface Pass {
  /** The server answered, if only to say that it has nothing to say about this text. */
  answered(): void
  /** It did not, or refused us. Answers the wait to keep where the call only tried whether it is back. */
  failed(error: unknown): Deferred | undefined
  /** The call was not made, or broken off by us: nothing is known. */
  dropped(): void
}

export interface Breaker {
  /** Throws `Deferred` while the server is left alone. */
  enter(): Pass
  state(): BreakerState
}

export interface BreakerOptions {
  /** For people: `openai chat`. */
  name: string
  /** Failures in a row after which it opens. */
  failures: number
  /** Milliseconds that it is open at first; twice that after each try in vain, up to five minutes. */
  openMs: number
  /** Milliseconds of a clock that only goes forward. */
  now?: () => number
}

const longestOpenMs = 5 * 60_000
/** What no item brings about: such a try counts for no item, however long the server is away. */
const serversOwn: ReadonlySet<string> = new Set([
  'model.unreachable',
  'model.rate_limited',
  'model.quota_exhausted',
  'model.unauthorised',
  'model.not_found',
  'model.no_embeddings',
])

/**
 * Leaves a server alone that fails again and again, instead of sending it every item that waits, and asks it with one call
 * whether it is back. Refusals and answers in a wrong shape are answers: they open nothing.
 */
export function createBreaker(options: BreakerOptions): Breaker {
  const { name, failures: most, openMs, now = () => performance.now() } = options
  let failures = 0
  let tries = 0
  let openUntil = 0
  let trying = false
  let trouble = 'unknown'

  const state = (): BreakerState => {
    if (failures < most) return 'closed'
    return trying || now() >= openUntil ? 'half-open' : 'open'
  }
  const waiting = (ms: number) =>
    new Deferred(`${name} failed ${failures} times in a row (${trouble}) and is left alone for a while`, {
      code: 'model.breaker_open',
      // Whoever waits does not come back in the same instant.
      until: Date.now() + Math.round(ms + openMs * Math.random()),
    })
  const close = () => {
    failures = 0
    tries = 0
    trying = false
  }

  return {
    state,
    enter() {
      const entered = state()
      if (entered === 'open') throw waiting(openUntil - now())
      if (entered === 'half-open' && trying) throw waiting(openMs)
      const isTry = entered === 'half-open'
      if (isTry) trying = true
      return {
        answered: close,
        failed(error) {
          if (errorClass(error) === 'data') {
            close()
            return undefined
          }
          failures += 1
          trouble = error instanceof SynapError ? error.code : 'unknown'
          if (failures < most || (!isTry && failures > most)) return undefined
          trying = false
          tries += 1
          const asked = error instanceof SynapError ? (error.retryAfterMs ?? 0) : 0
          const pauseMs = Math.max(asked, backoffMs(tries, { baseMs: openMs, capMs: longestOpenMs }))
          openUntil = now() + pauseMs
          return isTry && serversOwn.has(trouble) ? waiting(pauseMs) : undefined
        },
        dropped() {
          if (isTry) trying = false
        },
      }
    },
  }
}
