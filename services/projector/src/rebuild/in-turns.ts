/** Does the work for every item, in their order, so many at once. The first failure ends it once the others are done. */
export async function inTurns<T>(
  workers: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items]
  let failed = false
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined && !failed; item = queue.shift()) {
      try {
        await work(item)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const results = await Promise.allSettled(Array.from({ length: workers }, worker))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
