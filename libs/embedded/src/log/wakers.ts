/** Those who wait for something to change, by its key. */
export interface Wakers {
  /** Resolves at the next `wake` of the key; rejects with the signal's reason. */
  wait(key: string, signal: AbortSignal): Promise<void>
  wake(key: string): void
  anyone(): boolean
}

export function createWakers(): Wakers {
  const waiting = new Map<string, Set<() => void>>()
  return {
    async wait(key, signal) {
      const woken = Promise.withResolvers<void>()
      const wakers = waiting.get(key) ?? new Set()
      waiting.set(key, wakers.add(woken.resolve))
      const stop = () => woken.reject(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      try {
        await woken.promise
      } finally {
        signal.removeEventListener('abort', stop)
        wakers.delete(woken.resolve)
        if (wakers.size === 0 && waiting.get(key) === wakers) waiting.delete(key)
      }
    },
    wake(key) {
      const woken = waiting.get(key)
      waiting.delete(key)
      for (const wake of woken ?? []) wake()
    },
    anyone: () => waiting.size > 0,
  }
}
