import type { UserId } from '@synap/core'

/** Which event it is: what the stores have to agree on at each number of a user. */
export interface EventAt {
  eventId: string
  aggregateId: string
  version: number
  /** Null where the store does not say. */
  aggregateType: string | null
}

export interface OutboxRow extends EventAt {
  /** Milliseconds since 1970, by the database's clock. */
  createdAt: number
  /** Null while it waits. */
  publishedAt: number | null
}

export interface LogRow extends EventAt {
  /** The two entities of a relation. */
  ends: readonly string[] | null
}

/** A place that is held for an event which is not applied, or was until it was given up. */
export interface Slot {
  isDiscarded: boolean
  reason: string
  /** The event itself is kept there. */
  hasBytes: boolean
  /** Null when it is not known which event belongs there. */
  event: EventAt | null
}

/** Everything that the stores have at one number of a user. */
export interface Place {
  sequence: number
  outbox: readonly OutboxRow[]
  log: readonly LogRow[]
  logSlot: Slot | undefined
  readSlot: Slot | undefined
}

/** How far the stores are with a user; each was read before the rows of that user. */
export interface UserState {
  userId: UserId
  /** The highest number that the write model has given out; read after the positions. */
  head: number
  logSeen: number
  readSeen: number
  /** The number of the event that erased the user; null for who was not. */
  erased: number | null
}

/** When a pass over the stores began, by the clock of the write database. */
export interface Moment {
  now: number
  /** When the last reconciliation of the write database began. */
  reconciledAt: number | null
}

/** Which event has this number, as the first store says that knows it. */
export function eventOf({ outbox, log, logSlot, readSlot }: Place): EventAt | undefined {
  return outbox[0] ?? log[0] ?? logSlot?.event ?? readSlot?.event ?? undefined
}

export function isSame(one: EventAt, other: EventAt): boolean {
  return (
    one.eventId === other.eventId && one.aggregateId === other.aggregateId && one.version === other.version
  )
}
