import type { LedgerFinding } from '@synap/contracts'
import type { UserId } from '@synap/core'
import type { UserSpan } from './cut-spans.ts'
import {
  judgeLog,
  judgeOutbox,
  judgeReadModel,
  judgeTopic,
  projected,
  type ReadState,
  type TopicState,
  type Verdict,
} from './judge-place.ts'
import { type EventAt, eventOf, type Moment, type Place } from './place.ts'
import type { LedgerStores, Placed } from './stores.ts'
import type { Tally } from './tally.ts'

export interface BatchParts {
  stores: LedgerStores
  tally: Tally
  moment: Moment
  /** Undefined when the topic was not read. */
  topicOf(userId: UserId): TopicState | undefined
}

/** What a batch held, and what the read model has of each user in it at just the event that made it so. */
export interface BatchHeld {
  outbox: number
  log: number
  matched: Map<UserId, number>
}

/** Reads what the stores have at the numbers of a batch and judges each of them. The outbox is read before the log. */
export async function compareBatch(parts: BatchParts, batch: readonly UserSpan[]): Promise<BatchHeld> {
  const { stores, tally, moment } = parts
  const places = new Map(batch.map((span) => [span.userId, newPlaces(span)]))
  const outbox = await stores.outboxRows(batch)
  put(places, outbox, (place, row) => place.outbox.push(row))
  const log = await stores.logRows(batch)
  put(places, log, (place, row) => place.log.push(row))
  put(places, await stores.logSlots(batch), (place, slot) => (place.logSlot = slot))
  put(places, await stores.readSlots(batch), (place, slot) => (place.readSlot = slot))
  const readOf = await readStates(stores, batch, places)

  const held: BatchHeld = { outbox: outbox.length, log: log.length, matched: new Map() }
  for (const { userId, user } of batch) {
    const topic = parts.topicOf(userId)
    for (const place of places.get(userId) ?? []) {
      const event = eventOf(place)
      const read = event === undefined ? undefined : readOf(userId, place, event)
      const verdicts = [
        judgeOutbox(place, user, moment),
        topic === undefined ? undefined : judgeTopic(place, moment, topic),
        judgeLog(place, user),
        judgeReadModel(place, user, read),
      ]
      for (const verdict of verdicts) if (verdict !== undefined) tell(tally, userId, place, verdict)
      if (event !== undefined && isAt(read, place.sequence, event))
        held.matched.set(userId, (held.matched.get(userId) ?? 0) + 1)
    }
  }
  return held
}

/** A place that is being filled. */
type OpenPlace = Place & { outbox: Place['outbox'][number][]; log: Place['log'][number][] }

function newPlaces({ from, to }: UserSpan): OpenPlace[] {
  return Array.from({ length: to - from + 1 }, (_, at) => ({
    sequence: from + at,
    outbox: [],
    log: [],
    logSlot: undefined,
    readSlot: undefined,
  }))
}

function put<T>(
  places: ReadonlyMap<UserId, OpenPlace[]>,
  rows: readonly Placed<T>[],
  into: (place: OpenPlace, row: T) => unknown,
): void {
  for (const row of rows) {
    const ofUser = places.get(row.userId)
    const place = ofUser?.[row.sequence - (ofUser[0]?.sequence ?? 0)]
    if (place !== undefined) into(place, row)
  }
}

/** What the read model has of the aggregates of a batch, asked at once. */
async function readStates(
  stores: Pick<LedgerStores, 'readVersions'>,
  batch: readonly UserSpan[],
  places: ReadonlyMap<UserId, readonly Place[]>,
) {
  const aggregates = new Set<string>()
  const ends = new Set<string>()
  for (const { userId } of batch) {
    for (const place of places.get(userId) ?? []) {
      const event = eventOf(place)
      if (event === undefined || !projected.has(event.aggregateType)) continue
      aggregates.add(event.aggregateId)
      for (const end of place.log[0]?.ends ?? []) ends.add(end)
    }
  }
  const rows = aggregates.size === 0 ? [] : await stores.readVersions([...aggregates], [...ends])
  const gone = new Set(rows.filter(({ purged }) => purged).map(({ aggregateId }) => aggregateId))
  const states = new Map(rows.flatMap((row) => (row.purged ? [] : [[row.aggregateId, row] as const])))
  return (userId: UserId, place: Place, event: EventAt): ReadState | 'gone' | undefined => {
    const state = states.get(event.aggregateId)
    if (state?.userId === userId) return state
    if (gone.has(event.aggregateId)) return 'gone'
    if (event.aggregateType !== 'relation') return undefined
    // Which ends it has only the log tells; without it nothing is said of a relation that is not there.
    const known = place.log[0]?.ends
    return known == null || known.some((end) => gone.has(end)) ? 'gone' : undefined
  }
}

const isAt = (read: ReadState | 'gone' | undefined, sequence: number, event: EventAt) =>
  read !== undefined && read !== 'gone' && read.sequence === sequence && read.version === event.version

function tell(tally: Tally, userId: UserId, place: Place, { kind, store, detail }: Verdict): void {
  if (kind === 'in_flight' && place.outbox[0] !== undefined) tally.inFlightSince(place.outbox[0].createdAt)
  tally.add(findingAt({ userId, sequence: place.sequence, kind, store, detail }, eventOf(place)))
}

export function findingAt(
  found: Pick<LedgerFinding, 'userId' | 'sequence' | 'kind' | 'store' | 'detail'> & { events?: number },
  event?: Pick<EventAt, 'aggregateId' | 'version'>,
): LedgerFinding {
  const { aggregateId = null, version = null } = event ?? {}
  return { events: 1, ...found, aggregateId, version }
}
