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
    /** Resolves when it rings, after `ms`, or when `signal` aborts. */
    wait: (ms: number, signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        const end = () => {
          clearTimeout(clock)
          signal.removeEventListener('abort', end)
          resolve()
        }
        const clock = setTimeout(end, ms)
        if (signal.aborted) return end()
        signal.addEventListener('abort', end, { once: true })
        void rung.promise.then(end)
      }),
  }
}
