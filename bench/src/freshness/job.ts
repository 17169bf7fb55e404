/** One write that was looked for until it was seen; milliseconds since 1970. */
export interface Probe {
  /** The entity. */
  id: string
  /** When it was due, answered as accepted, and read. */
  dueAt: number
  acceptedAt: number
  visibleAt: number
}

/** Writes at fixed times, each of which is looked for at once. */
export interface ProbeJob {
  everyMs: number
  seconds: number
}

/** Writes at fixed times that nobody looks for. */
export interface LoadJob {
  /** Per second. */
  rate: number
  seconds: number
}

/** Milliseconds since 1970, finer than `Date.now`. */
export const now = (): number => performance.timeOrigin + performance.now()
