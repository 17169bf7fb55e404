import { wait } from '@synap/core'

/** Runs `work` again and again until it fails or is ended. */
export function startHeartbeat(everyMs: number, signal: AbortSignal, work: () => Promise<void>) {
  const over = new AbortController()
  const both = AbortSignal.any([signal, over.signal])
  const loop = async () => {
    while (!both.aborted) {
      await wait(everyMs, both).catch(() => undefined)
      if (!both.aborted) await work()
    }
  }
  const failed = loop()
  return {
    /** Rejects with what the work failed with. */
    failed,
    end: async () => {
      over.abort()
      await failed.catch(() => undefined)
    },
  }
}
