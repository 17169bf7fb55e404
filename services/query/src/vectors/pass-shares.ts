/** Filters that are remembered, those that were asked for last. */
const remembered = 1_000
/** A longer filter is none that is asked again and again. */
const longest = 500

/** More that pass a filter are not read. */
export const mostKept = 200_000
/** A filter that was asked for once may never be again. */
const leastTimes = 2
/** To read so many that pass takes as long as a question saves where they are kept. */
const readPerQuestion = 1_000

/** Whether what passes a filter is to be read and kept, once it was asked for so often in one state of the read model. */
export const isWorthReading = (passing: number, times: number): boolean =>
  passing <= mostKept && times >= Math.max(leastTimes, passing / readPerQuestion)

/**
 * Which share of a user's candidates a filter let pass when it was asked for last: how many to take the next time. A guess and
 * no more: what it is wrong by costs time.
 */
export interface PassShares {
  get(filter: string): number | undefined
  set(filter: string, share: number): void
  /** It was asked for in this state of the read model (see `stateOf`); undefined: in one that may be any. */
  noteState(filter: string, state: string | undefined): void
  /** How often it was asked for in the state that was noted last, one time after the other. */
  timesIn(filter: string): number
}

interface Noted {
  share: number
  state: string | undefined
  times: number
}

export function createPassShares(): PassShares {
  const all = new Map<string, Noted>()
  return {
    get: (filter) => all.get(filter)?.share,
    set(filter, share) {
      if (filter.length > longest) return
      const { state, times = 0 } = all.get(filter) ?? {}
      all.delete(filter)
      all.set(filter, { share, state, times })
      const oldest = all.size > remembered ? all.keys().next().value : undefined
      if (oldest !== undefined) all.delete(oldest)
    },
    noteState(filter, state) {
      const noted = all.get(filter)
      if (noted === undefined) return
      if (state === undefined) noted.times = 0
      else noted.times = state === noted.state ? noted.times + 1 : 1
      noted.state = state
    },
    timesIn: (filter) => all.get(filter)?.times ?? 0,
  }
}
