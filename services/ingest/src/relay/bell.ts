import { wait } from '@synap/core'

export type Bell = ReturnType<typeof createBell>

/** A wait that ends early when someone rings, also when that was before it began. */
export function createBell() {
  let rung = Promise.withResolvers<void>()
  return {
    ring: () => rung.resolve(),
    /** Rings from now on count for the next wait. */
    reset: () => {
      rung = Promise.withResolvers<void>()
    },
    wait: async (ms: number, signal: AbortSignal) => {
      const over = new AbortController()
      const clock = wait(ms, AbortSignal.any([signal, over.signal])).catch(() => undefined)
      await Promise.race([rung.promise, clock])
      over.abort()
    },
  }
}
