/** When so much is parked that it is a bad deploy and not bad data. */
export interface HaltPolicy {
  /** Records older than this many milliseconds no longer count. */
  windowMs: number
  /** Below this many records in the window nothing is decided. */
  minRecords: number
  /** Below this many parked ones neither. */
  minParked: number
  /** Above this share of parked ones: halt. */
  share: number
}

export const haltPolicy: HaltPolicy = { windowMs: 60_000, minRecords: 200, minParked: 20, share: 0.05 }

export interface HaltWindow {
  /** Counts a batch; true when the consumer has to halt now. */
  record(records: number, parked: number): boolean
}

/** Counts records and parked records over a sliding minute. `now` is a monotonic clock in milliseconds. */
export function createHaltWindow(
  policy: HaltPolicy = haltPolicy,
  now: () => number = () => performance.now(),
): HaltWindow {
  const seconds = new Map<number, { records: number; parked: number }>()
  return {
    record(records, parked) {
      const at = now()
      const second = Math.floor(at / 1_000)
      const slot = seconds.get(second) ?? { records: 0, parked: 0 }
      seconds.set(second, { records: slot.records + records, parked: slot.parked + parked })
      let total = 0
      let bad = 0
      for (const [key, count] of seconds) {
        if ((key + 1) * 1_000 <= at - policy.windowMs) {
          seconds.delete(key)
          continue
        }
        total += count.records
        bad += count.parked
      }
      return total >= policy.minRecords && bad >= policy.minParked && bad / total > policy.share
    },
  }
}
