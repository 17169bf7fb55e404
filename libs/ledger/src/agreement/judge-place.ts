import type { FindingKind, LedgerStore } from '@synap/contracts'
import { fingerprintOf } from './fingerprint.ts'
import { type EventAt, eventOf, isSame, type Moment, type Place, type UserState } from './place.ts'
import type { PartitionFacts } from './read-topic.ts'

/** Something about one event in one store. */
export interface Verdict {
  kind: FindingKind
  store: LedgerStore
  detail: string
}

/** What the topic has of a user. */
export interface TopicState {
  /** Fingerprint of the first record at a number; 0 for none. */
  at(sequence: number): number
  /** Two records disagree there, which is told apart. */
  isClashing(sequence: number): boolean
  /** The lowest number that it has; Infinity for none. */
  first: number
  partition: PartitionFacts
}

/** What the read model has of an aggregate. */
export interface ReadState {
  version: number
  sequence: number
}

/** Ingest keeps a published row this long; it may keep it longer. */
const outboxKeepsMs = 24 * 3_600_000
/** Between clocks, and between the acknowledgement of a record and the mark in the outbox. */
const slackMs = 10 * 60_000

/** Two different events at one number, or one event twice. */
function repeatedRows(rows: readonly EventAt[], store: LedgerStore): Verdict | undefined {
  const [first, ...more] = rows
  if (first === undefined || more.length === 0) return undefined
  return more.every((row) => isSame(row, first))
    ? { kind: 'duplicated', store, detail: `it stands there ${rows.length} times` }
    : { kind: 'fork', store, detail: `${rows.length} events stand at this number` }
}

export function judgeOutbox(place: Place, user: UserState, moment: Moment): Verdict | undefined {
  const { outbox, log, logSlot, sequence } = place
  const store = 'outbox'
  if (outbox.length > 0) return repeatedRows(outbox, store)
  const isKept = log.length > 0 || logSlot?.hasBytes === true || logSlot?.isDiscarded === true
  if (!isKept) {
    if (sequence <= user.logSeen) return undefined
    return { kind: 'lost', store, detail: 'accepted, not in the log yet, and its row is gone' }
  }
  const event = eventOf(place)
  const mintedAt = event === undefined ? undefined : timeOfUuidv7(event.eventId)
  if (mintedAt === undefined || mintedAt <= moment.now - outboxKeepsMs + slackMs) return undefined
  if (moment.reconciledAt !== null && mintedAt <= moment.reconciledAt) return undefined
  return { kind: 'lost', store, detail: 'its row left before 24 hours were over; the log has it' }
}

/** Milliseconds since 1970 at which a version 7 UUID was made; undefined for another one. */
function timeOfUuidv7(uuid: string): number | undefined {
  return uuid[14] === '7' ? Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16) : undefined
}

export function judgeTopic(place: Place, moment: Moment, topic: TopicState): Verdict | undefined {
  const store = 'topic'
  const [row] = place.outbox
  const event = eventOf(place)
  if (event === undefined) return undefined
  const found = topic.at(place.sequence)
  if (found !== 0) {
    if (found === fingerprintOf(event) || topic.isClashing(place.sequence)) return undefined
    return { kind: 'fork', store, detail: 'the topic has another event at this number' }
  }
  const publishedAt = row?.publishedAt ?? null
  if (row !== undefined && (publishedAt === null || publishedAt >= moment.now))
    return { kind: 'in_flight', store, detail: 'not on the topic yet' }
  if (!isExpected(place.sequence, publishedAt, topic)) return undefined
  return { kind: 'lost', store, detail: 'it was published, and the topic does not have it' }
}

/** Whether retention cannot have taken the record away. */
function isExpected(sequence: number, publishedAt: number | null, { first, partition }: TopicState): boolean {
  if (partition.low === 0n || sequence > first) return true
  if (publishedAt === null || partition.oldestAt === null) return false
  return publishedAt > partition.oldestAt + slackMs
}

export function judgeLog(place: Place, user: UserState): Verdict | undefined {
  const { log, logSlot, outbox, sequence } = place
  const store = 'log'
  const [row] = log
  if (row !== undefined) {
    const accepted = outbox[0]
    if (log.length === 1 && accepted !== undefined && !isSame(row, accepted))
      return { kind: 'fork', store, detail: 'the log has another event than the outbox at this number' }
    return repeatedRows(log, store)
  }
  if (sequence > user.logSeen) {
    return outbox.length > 0 ? { kind: 'in_flight', store, detail: 'not in the log yet' } : undefined
  }
  if (logSlot !== undefined) return slotVerdict(logSlot, store, outbox.length > 0)
  const rest = outbox.length > 0 ? 'the outbox has it' : 'the outbox does not have it either'
  return { kind: 'lost', store, detail: `the log has accounted for it and does not hold it; ${rest}` }
}

function slotVerdict(slot: Slot, store: LedgerStore, isInOutbox: boolean): Verdict {
  if (slot.isDiscarded) return { kind: 'discarded', store, detail: `given up: ${slot.reason}` }
  if (slot.hasBytes || isInOutbox) return { kind: 'parked', store, detail: slot.reason }
  return { kind: 'absent', store, detail: 'its number was given out, and nobody has it' }
}

type Slot = NonNullable<Place['logSlot']>

/** Aggregates whose version the read model keeps. */
export const projected: ReadonlySet<string | null> = new Set(['entity', 'relation'])

/** `read`: what the read model has of the event's aggregate; `gone` when that, or an end of it, is purged. */
export function judgeReadModel(
  place: Place,
  user: UserState,
  read: ReadState | 'gone' | undefined,
): Verdict | undefined {
  const { sequence, readSlot, outbox, log } = place
  const store = 'read_model'
  if (sequence > user.readSeen) {
    const isKnown = outbox.length > 0 || log.length > 0 || place.logSlot?.hasBytes === true
    return isKnown ? { kind: 'in_flight', store, detail: 'not in the read model yet' } : undefined
  }
  if (user.erased !== null && sequence <= user.erased) return undefined
  if (readSlot !== undefined) return slotVerdict(readSlot, store, outbox.length > 0 || log.length > 0)
  const event = eventOf(place)
  if (event === undefined || !projected.has(event.aggregateType) || read === 'gone') return undefined
  if (read !== undefined && read.version >= event.version) return undefined
  const at = read === undefined ? 'does not have its aggregate' : `is at version ${read.version} of it`
  return { kind: 'lost', store, detail: `the read model has accounted for it and ${at}` }
}
