/** Lets so many work at the same time, in the order they asked. */
export interface Slots {
  /** Runs `work` in a slot. When the signal aborts before its turn, rejects then with its reason. */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

export function createSlots(count: number): Slots {
  const queue: (() => void)[] = []
  let free = count
  const give = () => {
    const next = queue.shift()
    if (next === undefined) free += 1
    else next()
  }
  const take = async () => {
    if (free > 0) {
      free -= 1
      return
    }
    const turn = Promise.withResolvers<void>()
    queue.push(turn.resolve)
    await turn.promise
  }
  return {
    async run(signal, work) {
      await take()
      try {
        signal.throwIfAborted()
        return await work()
      } finally {
        give()
      }
    },
  }
}
