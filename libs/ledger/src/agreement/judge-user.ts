import type { UserId } from '@synap/core'
import { findingAt } from './compare-batch.ts'
import { eventOf, type Place, type UserState } from './place.ts'
import type { LedgerStores, ReadRow } from './stores.ts'
import type { Tally } from './tally.ts'

/** Stores that have come beyond the numbers that were given out. */
export function judgeHeads(tally: Tally, { userId, head, logSeen, readSeen }: UserState): void {
  for (const [store, seen] of [
    ['log', logSeen],
    ['read_model', readSeen],
  ] as const) {
    if (seen <= head) continue
    const detail = `accounted for up to ${seen}, and ${head} was the last number given out`
    tally.add(findingAt({ userId, sequence: head + 1, events: seen - head, kind: 'ahead', store, detail }))
  }
}

const step = 500

/**
 * Looks up for each entity and relation that the read model has of a user whether another store has the event that it
 * says it is at. Asked only for users whose rows and events do not come to the same number.
 */
export async function judgeReadRows(stores: LedgerStores, tally: Tally, user: UserState): Promise<void> {
  for await (const page of stores.readAggregates(user.userId)) {
    for (let at = 0; at < page.length; at += step) {
      await judgeRows(stores, tally, user, page.slice(at, at + step))
    }
  }
}

async function judgeRows(
  stores: LedgerStores,
  tally: Tally,
  user: UserState,
  rows: readonly Omit<ReadRow, 'purged'>[],
): Promise<void> {
  const { userId } = user
  const places = await findPlaces(stores, userId, [...new Set(rows.map(({ sequence }) => sequence))])
  for (const row of rows) {
    const place = places.get(row.sequence)
    const event = place === undefined ? undefined : eventOf(place)
    if (event !== undefined) {
      if (event.aggregateId === row.aggregateId && event.version === row.version) continue
      const detail = 'the read model has another event than the other stores at this number'
      tally.add(findingAt({ userId, sequence: row.sequence, kind: 'fork', store: 'read_model', detail }, row))
    } else if (row.sequence > user.head) {
      const detail = 'the read model is at an event that no other store has'
      tally.add(
        findingAt({ userId, sequence: row.sequence, kind: 'ahead', store: 'read_model', detail }, row),
      )
    }
  }
}

async function findPlaces(
  stores: LedgerStores,
  userId: UserId,
  sequences: readonly number[],
): Promise<Map<number, Place>> {
  const spans = sequences.map((sequence) => ({ userId, from: sequence, to: sequence }))
  const places = new Map<number, Place>()
  const outbox = await stores.outboxRows(spans)
  const log = await stores.logRows(spans)
  const slots = await stores.logSlots(spans)
  for (const sequence of sequences) {
    const isHere = (row: { sequence: number }) => row.sequence === sequence
    places.set(sequence, {
      sequence,
      outbox: outbox.filter(isHere),
      log: log.filter(isHere),
      logSlot: slots.find(isHere),
      readSlot: undefined,
    })
  }
  return places
}
