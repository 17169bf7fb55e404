import type { DecodedEvent } from '@synap/contracts'
import type { PlacedEvent } from '@synap/inbox'

/** An event with the number of its schema: one row of `log.events`. */
export interface EventRow {
  placed: PlacedEvent<DecodedEvent>
  schemaNo: number
}

/** The day (UTC) of a time in milliseconds, as `date` takes it. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
