/** Something to be read; it never rejects, and tells itself what failed. */
export type Reading = (signal: AbortSignal) => Promise<void>

/** Reads into memory, one thing after the other: when many want something at once, the database is read no faster. */
export interface ReadQueue {
  /** Does nothing when what this key stands for is waited for already, or very much is: who comes again wants it again. */
  want(key: string, reading: Reading): void
  /** Resolves when nothing is being read. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** More are not remembered: when so many wait, the database is slower than they come. */
const mostWaiting = 1_000

export function createReadQueue(): ReadQueue {
  const waiting = new Map<string, Reading>()
  const ending = new AbortController()
  let working: Promise<void> | undefined
  const work = async () => {
    for (const [key, read] of waiting) {
      if (ending.signal.aborted) return
      await read(ending.signal)
      waiting.delete(key)
    }
    // At once: what is wanted from here on begins anew.
    working = undefined
  }
  return {
    want(key, reading) {
      if (ending.signal.aborted || waiting.has(key) || waiting.size >= mostWaiting) return
      waiting.set(key, reading)
      working ??= work()
    },
    settled: async () => working,
    async close() {
      ending.abort(new Error('the vectors in memory are closed'))
      await working
    },
  }
}
