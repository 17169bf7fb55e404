import type { ParkReason, Placement } from './types.ts'

/** A place in a user's order that is held open by a parked row. */
export interface OpenSlot {
  /** Row id in `parked`; null when it was parked by this very batch. */
  id: string | null
  sequence: number
  /** Null: it is not known which event belongs here. */
  eventId: string | null
  /** Null: an event of any aggregate may be missing here. */
  aggregateId: string | null
  /** Hex SHA-256 of the parked bytes; null when there are none. */
  digest: string | null
}

/** What is known of a user when a batch is decided. */
export interface UserState {
  seen: number
  slots: readonly OpenSlot[]
}

/** What an arrival is worth, apart from its place. */
export type Verdict = { kind: 'apply' } | { kind: 'skip' } | { kind: 'park'; reason: ParkReason }

export interface Arrival {
  placement: Placement
  verdict: Verdict
  /** Hex SHA-256 of the record's bytes; null when there are none. Made when it is asked for, which is seldom. */
  readonly digest: string | null
}

/** What becomes of an arrival. */
export type Step =
  | { kind: 'apply' }
  /** Accounted for without effect. */
  | { kind: 'skip' }
  | { kind: 'park'; reason: ParkReason }
  | { kind: 'duplicate' }
  /** Its bytes go into the open slot with this row id, which is then tried again. */
  | { kind: 'fill'; slotId: string }
  /** Another event holds its sequence. */
  | { kind: 'fork' }
  /** Sequences `from`..`to` have to come first; nothing of this user can be decided until then. */
  | { kind: 'gap'; from: number; to: number }

export interface GateOptions {
  /** Park later events of an aggregate behind a parked one; see `InboxOptions.holdAggregates`. */
  holdAggregates: boolean
  /** Versions of aggregates in the store; null entries are not checked, missing ones are 0. Absent: no check at all. */
  versions?: ReadonlyMap<string, number | null>
}

/** Decides in which order one user's events go into a store. Pure but for its own memory; one per user and batch. */
export interface Gate {
  /** How far the user is after what has been decided so far. */
  readonly seen: number
  /** Decides one arrival and takes note of the decision, so that the next one is decided after it. */
  decide(arrival: Arrival): Step
  /** The store refused what was to be applied: its place stays, as an open slot. */
  refuse(arrival: Arrival): void
  /** Ingest has no event for the next sequence: its place stays, open for any event. */
  miss(): void
}

/** True for events of the user's own aggregate (settings, tags): they concern every other aggregate of that user. */
function isOfUser(slotOrEvent: { aggregateId: string | null }, userId: string): boolean {
  return slotOrEvent.aggregateId === userId
}

/** A gate for `userId`, starting from what the tables say. */
export function createGate(userId: string, state: UserState, options: GateOptions): Gate {
  let seen = state.seen
  const slots = new Map(state.slots.map((slot) => [slot.sequence, slot]))
  const versions = new Map(options.versions)

  const behind = (placement: Placement): ParkReason | undefined => {
    if (!options.holdAggregates) return undefined
    let missing = false
    for (const slot of slots.values()) {
      if (slot.aggregateId === placement.aggregateId || isOfUser(slot, userId)) return 'behind_parked'
      if (slot.aggregateId === null) missing = true
    }
    if (!missing || options.versions === undefined) return undefined
    const known = versions.get(placement.aggregateId)
    return known !== null && placement.version > (known ?? 0) + 1 ? 'behind_missing' : undefined
  }

  const open = ({ placement, digest }: Arrival) => {
    const { sequence, id: eventId, aggregateId } = placement
    slots.set(sequence, { id: null, sequence, eventId, aggregateId, digest })
  }

  const decideNext = (arrival: Arrival): Step => {
    const { placement, verdict } = arrival
    seen = placement.sequence
    // Its own reason first: what cannot be decoded is not tried again just because the one before it was applied.
    const reason = verdict.kind === 'park' ? verdict.reason : behind(placement)
    if (reason !== undefined) {
      open(arrival)
      return { kind: 'park', reason }
    }
    if (versions.get(placement.aggregateId) !== null) versions.set(placement.aggregateId, placement.version)
    return verdict.kind === 'skip' ? { kind: 'skip' } : { kind: 'apply' }
  }

  const decideOld = (arrival: Arrival): Step => {
    const { placement } = arrival
    const slot = slots.get(placement.sequence)
    if (slot === undefined) return { kind: 'duplicate' }
    if (slot.eventId !== null && slot.eventId !== placement.id) return { kind: 'fork' }
    const { digest } = arrival
    if (slot.id === null || slot.digest === digest) return { kind: 'duplicate' }
    const { id: eventId, aggregateId } = placement
    slots.set(placement.sequence, { ...slot, eventId, aggregateId, digest })
    return { kind: 'fill', slotId: slot.id }
  }

  return {
    get seen() {
      return seen
    },
    decide(arrival) {
      const { sequence } = arrival.placement
      if (sequence <= seen) return decideOld(arrival)
      if (sequence > seen + 1) return { kind: 'gap', from: seen + 1, to: sequence - 1 }
      return decideNext(arrival)
    },
    refuse: open,
    miss() {
      seen += 1
      slots.set(seen, { id: null, sequence: seen, eventId: null, aggregateId: null, digest: null })
    },
  }
}
