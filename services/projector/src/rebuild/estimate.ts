/** How far some work is, and how much longer it takes at the speed it has had so far. */
export interface Estimate {
  done: number
  of: number
  /** Milliseconds; null while nothing can be said. */
  etaMs: number | null
}

export function createEstimate(of: number, now: () => number = () => performance.now()) {
  const startedAt = now()
  let done = 0
  return {
    add(more: number): Estimate {
      done += more
      const elapsed = now() - startedAt
      const etaMs = done > 0 && elapsed > 0 ? Math.round(((of - done) * elapsed) / done) : null
      return { done, of, etaMs }
    },
  }
}
