import type { FindingKind, LedgerStore } from '@synap/contracts'
import { bytesToUuid, type UserId } from '@synap/core'
import type { EventAt } from '../src/agreement/place.ts'
import type { Placed } from '../src/agreement/stores.ts'
import type { FakeUser, FakeWorld } from './fake-world.ts'

export type Found = `${FindingKind} ${LedgerStore} ${string} ${number}`
const found = (
  kind: FindingKind,
  store: LedgerStore,
  { userId }: { userId: UserId },
  sequence: number,
): Found => `${kind} ${store} ${userId} ${sequence}`

/** mulberry32 */
export function createRandom(seed: number) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (n: number) => Math.floor(next() * n)
  return {
    below,
    chance: (p: number) => next() < p,
    bytes: (n: number) => Uint8Array.from({ length: n }, () => below(256)),
  }
}
type Random = ReturnType<typeof createRandom>

const now = Date.UTC(2026, 10, 20)
const hourMs = 3_600_000

function uuid(random: Random, at?: number): string {
  const bytes = Buffer.from(random.bytes(16))
  bytes[6] = (at === undefined ? 0x40 : 0x70) | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  if (at !== undefined) bytes.writeUIntBE(at, 0, 6)
  return bytesToUuid(bytes)
}

/** A user whose stores agree, as far as they are; and what is on its way. */
function healthyUser(random: Random, expected: Set<Found>): FakeUser {
  const userId = uuid(random) as UserId
  const head = random.below(120)
  const logSeen = random.below(head + 1)
  const readSeen = random.below(head + 1)
  const published = Math.max(logSeen, readSeen) + random.below(head - Math.max(logSeen, readSeen) + 1)
  // What is old may have left the outbox, as soon as the log has it.
  const oldest = random.chance(0.5) ? 0 : random.below(logSeen + 1)
  const user: FakeUser = {
    userId,
    head,
    logSeen,
    readSeen,
    erased: null,
    outbox: [],
    log: [],
    logSlots: [],
    readSlots: [],
    read: [],
    purged: [],
    topic: [],
  }
  const versions = new Map<string, number>()
  const aggregates = Array.from({ length: 1 + random.below(20) }, () => uuid(random))
  for (let sequence = 1; sequence <= head; sequence += 1) {
    const aggregateId = aggregates[random.below(aggregates.length)] ?? ''
    const version = (versions.get(aggregateId) ?? 0) + 1
    versions.set(aggregateId, version)
    const isOld = sequence <= oldest
    const at = now - (isOld ? 100 * hourMs : hourMs) + sequence
    const event: Placed<EventAt> = {
      userId,
      sequence,
      eventId: uuid(random, at),
      aggregateId,
      version,
      aggregateType: 'entity',
    }
    const isPublished = sequence <= published
    if (!isOld) user.outbox.push({ ...event, createdAt: at, publishedAt: isPublished ? at + 5 : null })
    if (isPublished) user.topic.push(event)
    else expected.add(found('in_flight', 'topic', user, sequence))
    if (sequence <= logSeen) user.log.push({ ...event, ends: null })
    else expected.add(found('in_flight', 'log', user, sequence))
    if (sequence > readSeen) expected.add(found('in_flight', 'read_model', user, sequence))
    else {
      user.read = user.read.filter((row) => row.aggregateId !== aggregateId)
      user.read.push({ aggregateId, version, sequence })
    }
  }
  return user
}

type Fault = (user: FakeUser, sequence: number, random: Random, expected: Set<Found>) => boolean

const at = <T extends { sequence: number }>(rows: readonly T[], sequence: number) =>
  rows.find((row) => row.sequence === sequence)
const without = <T extends { sequence: number }>(rows: readonly T[], sequence: number) =>
  rows.filter((row) => row.sequence !== sequence)

const slotAt = (user: FakeUser, sequence: number, hasBytes: boolean, event: EventAt | null) => ({
  userId: user.userId,
  sequence,
  isDiscarded: false,
  reason: hasBytes ? 'undecodable' : 'missing',
  hasBytes,
  event,
})

/** Each breaks one thing at a number of a user, where that can be, and says what has to be found. */
export const faults: Record<string, Fault> = {
  'a row of the log is gone'(user, sequence, _random, expected) {
    if (at(user.log, sequence) === undefined) return false
    user.log = without(user.log, sequence)
    expected.add(found('lost', 'log', user, sequence))
    // Then nobody has it.
    if (at(user.outbox, sequence) === undefined)
      expected.delete(found('in_flight', 'read_model', user, sequence))
    return true
  },
  'a row of the log stands twice'(user, sequence, _random, expected) {
    const row = at(user.log, sequence)
    if (row === undefined) return false
    user.log.push(row)
    expected.add(found('duplicated', 'log', user, sequence))
    return true
  },
  'the log has another event than the outbox'(user, sequence, random, expected) {
    const row = at(user.log, sequence)
    if (row === undefined || at(user.outbox, sequence) === undefined) return false
    user.log = [...without(user.log, sequence), { ...row, eventId: uuid(random) }]
    expected.add(found('fork', 'log', user, sequence))
    return true
  },
  'a row of the outbox is gone too early'(user, sequence, _random, expected) {
    if (at(user.outbox, sequence) === undefined) return false
    user.outbox = without(user.outbox, sequence)
    expected.add(found('lost', 'outbox', user, sequence))
    // Whether the others still get it, nobody can say.
    expected.delete(found('in_flight', 'log', user, sequence))
    if (sequence > user.logSeen) {
      expected.delete(found('in_flight', 'topic', user, sequence))
      expected.delete(found('in_flight', 'read_model', user, sequence))
    }
    return true
  },
  'a record of the topic is gone'(user, sequence, _random, expected) {
    if (at(user.topic, sequence) === undefined) return false
    user.topic = without(user.topic, sequence)
    expected.add(found('lost', 'topic', user, sequence))
    return true
  },
  'a record stands twice on the topic'(user, sequence, _random, expected) {
    const record = at(user.topic, sequence)
    if (record === undefined) return false
    user.topic.push(record)
    expected.add(found('repeated', 'topic', user, sequence))
    return true
  },
  'the topic has another event'(user, sequence, random, expected) {
    const record = at(user.topic, sequence)
    if (record === undefined) return false
    user.topic = [
      ...without(user.topic, sequence),
      { ...record, version: record.version + 1 + random.below(9) },
    ]
    expected.add(found('fork', 'topic', user, sequence))
    return true
  },
  'the topic has a second event'(user, sequence, random, expected) {
    const record = at(user.topic, sequence)
    if (record === undefined) return false
    user.topic.push({ ...record, eventId: uuid(random) })
    expected.add(found('fork', 'topic', user, sequence))
    return true
  },
  'a row of the read model is set back'(user, sequence, _random, expected) {
    const row = at(user.read, sequence)
    if (row === undefined) return false
    const before = [...user.outbox, ...user.log].find(
      (event) => event.aggregateId === row.aggregateId && event.version === row.version - 1,
    )
    user.read = without(user.read, sequence)
    if (before !== undefined)
      user.read.push({ aggregateId: row.aggregateId, version: before.version, sequence: before.sequence })
    else if (row.version > 1) return user.read.push(row) < 0
    expected.add(found('lost', 'read_model', user, sequence))
    return true
  },
  'the log has parked it'(user, sequence, _random, expected) {
    const row = at(user.log, sequence)
    if (row === undefined) return false
    user.log = without(user.log, sequence)
    user.logSlots.push(slotAt(user, sequence, true, row))
    expected.add(found('parked', 'log', user, sequence))
    return true
  },
  'nobody has it'(user, sequence, _random, expected) {
    if (at(user.log, sequence) === undefined || sequence > user.readSeen) return false
    if (at(user.read, sequence) !== undefined) return false
    user.log = without(user.log, sequence)
    user.outbox = without(user.outbox, sequence)
    user.logSlots.push(slotAt(user, sequence, false, null))
    user.readSlots.push(slotAt(user, sequence, false, null))
    expected.add(found('absent', 'log', user, sequence))
    expected.add(found('absent', 'read_model', user, sequence))
    return true
  },
  'the read model has parked it'(user, sequence, _random, expected) {
    const row = at(user.read, sequence)
    const event = at(user.outbox, sequence) ?? at(user.log, sequence)
    if (row === undefined || row.version > 1 || event === undefined) return false
    user.read = without(user.read, sequence)
    user.readSlots.push(slotAt(user, sequence, true, event))
    expected.add(found('parked', 'read_model', user, sequence))
    return true
  },
}

/** A world with faults at different numbers, and all that has to be found in it. */
export function randomWorld(seed: number): { world: FakeWorld; expected: Set<Found>; done: Set<string> } {
  const random = createRandom(seed)
  const expected = new Set<Found>()
  const done = new Set<string>()
  const users = Array.from({ length: 1 + random.below(6) }, () => healthyUser(random, expected))
  const names = Object.keys(faults)
  for (const user of users) {
    const taken = new Set<number>()
    for (let tries = random.below(8); tries > 0; tries -= 1) {
      const sequence = 1 + random.below(user.head)
      const name = names[random.below(names.length)] ?? ''
      if (user.head === 0 || taken.has(sequence)) continue
      taken.add(sequence)
      if (faults[name]?.(user, sequence, random, expected)) done.add(name)
    }
    if (random.chance(0.1)) user.topic.push(beyond(user, random, expected))
    if (random.chance(0.5) && user.logSeen === user.head) {
      expected.add(found('ahead', 'log', user, user.head + 1))
      user.logSeen += 3
    }
  }
  return {
    world: { moment: { now, reconciledAt: null }, users, low: 0n, oldestAt: now - 1_000 * hourMs },
    expected,
    done,
  }
}

function beyond(user: FakeUser, random: Random, expected: Set<Found>): Placed<EventAt> {
  const sequence = user.head + 1 + random.below(300)
  expected.add(found('ahead', 'topic', user, sequence))
  return {
    userId: user.userId,
    sequence,
    eventId: uuid(random),
    aggregateId: uuid(random),
    version: 1,
    aggregateType: null,
  }
}
