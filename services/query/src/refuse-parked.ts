import type { AggregateId } from '@synap/core'
import { problem } from '@synap/http'
import type { Position } from './sql/find-position.ts'

const retryAfter = 60

/**
 * Refuses a read of an aggregate of which an event, up to `upTo` when that is given, could not be applied: what is stored
 * is older than what was accepted, and waiting does not help.
 */
export function refuseParked(
  { parked }: Position,
  aggregateId: AggregateId,
  upTo = Number.MAX_SAFE_INTEGER,
): void {
  const slot = parked.find((one) => one.aggregateId === aggregateId && one.sequence <= upTo)
  if (slot === undefined) return
  const { reason, sequence } = slot
  throw problem('parked', { retryAfter, extensions: { reason, sequence } })
}
