/** Lets callers through one at a time, in the order they came. */
export interface TurnQueue {
  /** Runs `work` when all earlier work has settled. When `signal` aborts before its turn, rejects with its reason. */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

export function createTurnQueue(): TurnQueue {
  let tail: Promise<unknown> = Promise.resolve()
  return {
    run(signal, work) {
      const turn = tail.then(() => {
        signal.throwIfAborted()
        return work()
      })
      tail = turn.catch(() => undefined)
      return turn
    },
  }
}
