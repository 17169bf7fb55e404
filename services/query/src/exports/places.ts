/** Places for so many; who comes later waits for one, in order. */
export function createPlaces(most: number) {
  const waiting: (() => void)[] = []
  let taken = 0
  return {
    async enter(signal: AbortSignal): Promise<void> {
      signal.throwIfAborted()
      if (taken < most) {
        taken += 1
        return
      }
      await new Promise<void>((resolve, reject) => {
        const enter = () => {
          signal.removeEventListener('abort', leave)
          resolve()
        }
        const leave = () => {
          waiting.splice(waiting.indexOf(enter), 1)
          reject(signal.reason as Error)
        }
        signal.addEventListener('abort', leave, { once: true })
        waiting.push(enter)
      })
    },
    /** Gives the place on to whoever waits longest. */
    leave(): void {
      const next = waiting.shift()
      if (next === undefined) taken -= 1
      else next()
    },
  }
}
