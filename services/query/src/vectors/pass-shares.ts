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
  /** It was asked for in this state of the read model (see `stateOf`); undefined: in one that may be any. */
  noteState(filter: string, state: string | undefined): void
  /** True: asked for twice in one state, it may well be asked for again in it. */
  isSteady(filter: string): boolean
}

interface Noted {
  share: number
  state: string | undefined
  isSteady: boolean
}

export function createPassShares(): PassShares {
  const all = new Map<string, Noted>()
  return {
    get: (filter) => all.get(filter)?.share,
    set(filter, share) {
      if (filter.length > longest) return
      const { state, isSteady = false } = all.get(filter) ?? {}
      all.delete(filter)
      all.set(filter, { share, state, isSteady })
      const oldest = all.size > remembered ? all.keys().next().value : undefined
      if (oldest !== undefined) all.delete(oldest)
    },
    noteState(filter, state) {
      const noted = all.get(filter)
      if (noted === undefined) return
      noted.isSteady = state !== undefined && state === noted.state
      noted.state = state
    },
    isSteady: (filter) => all.get(filter)?.isSteady === true,
  }
}
