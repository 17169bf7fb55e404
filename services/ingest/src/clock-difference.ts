import { SynapError } from '@synap/core'

/** Milliseconds between our clock and the database's above which nothing is written. */
export const maxClockDifferenceMs = 60_000

/** The refusal: the times of events and leases would mean nothing. */
export function clockDifference(differenceMs: number): SynapError {
  return new SynapError('the clocks of this service and of the database differ too much', {
    code: 'clock.difference',
    class: 'dependency',
    retryAfterMs: 30_000,
    fields: { differenceMs },
  })
}
