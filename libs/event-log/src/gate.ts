/** Runs work when there is room for it, first come first served. Rejects with the signal's reason while it waits. */
export type Gate = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>

/** Lets `room` pieces of work run at once. */
export function createGate(room: number): Gate {
  const waiting = new Set<() => void>()
  let running = 0
  const enter = (signal: AbortSignal) => {
    signal.throwIfAborted()
    if (running < room) {
      running += 1
      return Promise.resolve()
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leave = () => {
      waiting.delete(start)
      reject(signal.reason as Error)
    }
    const start = () => {
      signal.removeEventListener('abort', leave)
      resolve()
    }
    waiting.add(start)
    signal.addEventListener('abort', leave, { once: true })
    return promise
  }
  const exit = () => {
    const [next] = waiting
    // The place is handed on: nobody who comes in between takes it.
    if (next === undefined) running -= 1
    else {
      waiting.delete(next)
      next()
    }
  }
  return async (signal, work) => {
    await enter(signal)
    try {
      return await work()
    } finally {
      exit()
    }
  }
}
