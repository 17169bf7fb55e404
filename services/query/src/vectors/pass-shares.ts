/** Filters that are remembered, those that were asked for last. */
const remembered = 1_000
/** A longer filter is none that is asked again and again. */
const longest = 500

/**
 * Which share of a user's candidates a filter let pass when it was asked for last: how many to take the next time. A guess and
 * no more: what it is wrong by costs time.
 */
export interface PassShares {
  get(filter: string): number | undefined
  set(filter: string, share: number): void
}

export function createPassShares(): PassShares {
  const shares = new Map<string, number>()
  return {
    get: (filter) => shares.get(filter),
    set(filter, share) {
      if (filter.length > longest) return
      shares.delete(filter)
      shares.set(filter, share)
      const oldest = shares.size > remembered ? shares.keys().next().value : undefined
      if (oldest !== undefined) shares.delete(oldest)
    },
  }
}
