/**
 * Works on so many items at a time. The first failure aborts the others, and it rejects with that one once none is at
 * work any more.
 */
export async function putInParallel<Item>(
  items: readonly Item[],
  atOnce: number,
  signal: AbortSignal,
  put: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const waiting = items.values()
  const worker = async () => {
    for (const item of waiting) {
      if (either.aborted) return
      await put(item, either)
    }
  }
  const workers = Array.from({ length: Math.min(atOnce, items.length) }, () =>
    worker().catch((error: unknown) => stop.abort(error)),
  )
  await Promise.all(workers)
  either.throwIfAborted()
}
