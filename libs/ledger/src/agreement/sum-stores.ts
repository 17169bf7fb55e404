import { listUsers } from './list-users.ts'
import type { UserState } from './place.ts'
import type { LedgerStores, Position } from './stores.ts'

/** What one store has of all users, in numbers of events. */
export interface StoreSum {
  /** Given out, and not accounted for there yet. */
  inFlight: number
  /** When the oldest of these was accepted, milliseconds since 1970; null when none is, or the outbox lacks it. */
  oldestInFlightAt: number | null
  /** Accounted for there, and never given out. */
  ahead: number
  /** Open slots whose events are kept. */
  parked: number
  /** Open slots for events that nobody had. */
  absent: number
}

export interface StoreSums {
  /** Numbers given out. */
  events: number
  log: StoreSum
  readModel: StoreSum
}

const pageSize = 5_000

/**
 * How far log and read model are behind the numbers given out, over all users. Cheap: it reads a row per user and
 * store, and no event; so it cannot tell whether a store still holds what it has accounted for (`compareStores` does).
 */
export async function sumStores(stores: LedgerStores): Promise<StoreSums> {
  const log = createSum(({ logSeen }) => logSeen)
  const read = createSum(({ readSeen }) => readSeen)
  let events = 0
  for await (const users of listUsers(stores, { user: null, from: null, to: null, pageSize })) {
    for (const { head } of users) events += head
    for (const sum of [log, read]) await sum.add(stores, users)
  }
  return {
    events,
    log: { ...log.sums(), ...countSlots(await stores.parked('log')) },
    readModel: { ...read.sums(), ...countSlots(await stores.parked('read_model')) },
  }
}

function createSum(seenOf: (user: UserState) => number) {
  const sums = { inFlight: 0, oldestInFlightAt: null as number | null, ahead: 0 }
  return {
    async add(stores: Pick<LedgerStores, 'oldest'>, users: readonly UserState[]): Promise<void> {
      const next: Position[] = []
      for (const user of users) {
        const behind = user.head - seenOf(user)
        if (behind > 0) next.push({ userId: user.userId, sequence: seenOf(user) + 1 })
        sums.inFlight += Math.max(0, behind)
        sums.ahead += Math.max(0, -behind)
      }
      const at = next.length === 0 ? null : await stores.oldest(next)
      if (at !== null) sums.oldestInFlightAt = Math.min(at, sums.oldestInFlightAt ?? at)
    },
    sums: () => sums,
  }
}

function countSlots(byReason: ReadonlyMap<string, number>) {
  const all = [...byReason.values()].reduce((sum, events) => sum + events, 0)
  const absent = byReason.get('missing') ?? 0
  return { parked: all - absent, absent }
}
