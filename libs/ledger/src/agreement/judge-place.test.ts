import type { UserId } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { type FakeUser, type FakeWorld, storesOf, topicOf } from '../../test/fake-world.ts'
import { compareStores } from './compare-stores.ts'
import type { EventAt } from './place.ts'
import type { LedgerStores, Placed } from './stores.ts'

const now = Date.UTC(2026, 10, 20)
const hourMs = 3_600_000
const hex = (n: number, digits: number) => n.toString(16).padStart(digits, '0')
const idAt = (ms: number, n: number) =>
  `${hex(ms, 12).slice(0, 8)}-${hex(ms, 12).slice(8)}-7000-8000-${hex(n, 12)}`
const userIdAt = (n: number) => `${hex(n, 8)}-0000-4000-8000-000000000000` as UserId
const aggregateOf = (n: number) => `00000000-0000-4000-9000-${hex(n, 12)}`

interface Life {
  user?: number
  events?: number
  ageMs?: number
  type?: string
  ends?: string[]
}

/** A user whose events, each of an aggregate of its own, are in every store. */
function lived({ user = 1, events = 5, ageMs = hourMs, type = 'entity', ends }: Life = {}): FakeUser {
  const userId = userIdAt(user)
  const all = Array.from({ length: events }, (_, index): Placed<EventAt> => {
    const sequence = index + 1
    const aggregateId = aggregateOf(user * 100_000 + sequence)
    return {
      userId,
      sequence,
      eventId: idAt(now - ageMs, sequence),
      aggregateId,
      version: 1,
      aggregateType: type,
    }
  })
  const at = now - ageMs
  return {
    userId,
    head: events,
    logSeen: events,
    readSeen: events,
    erased: null,
    outbox: all.map((event) => ({ ...event, createdAt: at, publishedAt: at + 1 })),
    log: all.map((event) => ({ ...event, ends: ends ?? null })),
    logSlots: [],
    readSlots: [],
    read: all.map(({ aggregateId, version, sequence }) => ({ aggregateId, version, sequence })),
    purged: [],
    topic: all,
  }
}

async function findingsOf(user: FakeUser | FakeUser[], more: Partial<FakeWorld> = {}) {
  const world: FakeWorld = {
    moment: { now, reconciledAt: null },
    users: [user].flat(),
    low: 0n,
    oldestAt: now - 1_000 * hourMs,
    ...more,
  }
  return (await compare(world)).found
}

async function compare(world: FakeWorld, more: Partial<LedgerStores> = {}, limit = 10_000) {
  const found: string[] = []
  const stores = { ...storesOf(world), ...more }
  for await (const line of compareStores({ stores, topic: topicOf(world), user: null, limit })) {
    if ('finding' in line) found.push(`${line.finding.kind} ${line.finding.store} ${line.finding.sequence}`)
    if ('agreement' in line) return { found, agreement: line.agreement }
  }
  throw new Error('it came to nothing')
}

const without = <T extends { sequence: number }>(rows: readonly T[], ...gone: number[]) =>
  rows.filter(({ sequence }) => !gone.includes(sequence))

describe('rows of the outbox', () => {
  it('given rows of yesterday that left, nothing is said; of today they are lost', async () => {
    expect(await findingsOf({ ...lived({ ageMs: 25 * hourMs }), outbox: [] })).toEqual([])
    const today = lived()
    const found = await findingsOf({ ...today, outbox: without(today.outbox, 2) })
    expect(found).toEqual(['lost outbox 2'])
  })

  it('given a reconciliation since, rows from before it may lack', async () => {
    const user = { ...lived(), outbox: [] }
    expect(await findingsOf(user, { moment: { now, reconciledAt: now - hourMs / 2 } })).toEqual([])
    const before = await findingsOf(user, { moment: { now, reconciledAt: now - 2 * hourMs } })
    expect(before).toHaveLength(5)
  })

  it('given a row twice, or another one at its number, both are named', async () => {
    const user = lived()
    const [first] = user.outbox
    if (first === undefined) throw new Error('no row')
    expect(await findingsOf({ ...user, outbox: [...user.outbox, first] })).toEqual(['duplicated outbox 1'])
    const other = { ...first, eventId: idAt(now, 99) }
    expect(await findingsOf({ ...user, outbox: [...user.outbox, other] })).toEqual(['fork outbox 1'])
  })
})

describe('the topic', () => {
  it('given an event that was published after the reading began, it is in flight', async () => {
    const user = lived()
    const outbox = user.outbox.map((row) => (row.sequence === 5 ? { ...row, publishedAt: now } : row))
    expect(await findingsOf({ ...user, outbox, topic: without(user.topic, 5) })).toEqual([
      'in_flight topic 5',
    ])
  })

  it('given records that retention took away, only a hole behind them is a loss', async () => {
    const user = lived({ ageMs: 100 * hourMs })
    const trimmed = { ...user, outbox: [], topic: without(user.topic, 1, 2, 4) }
    expect(await findingsOf(trimmed, { low: 9n, oldestAt: now - 90 * hourMs })).toEqual(['lost topic 4'])
    expect(await findingsOf(trimmed)).toEqual(['lost topic 1', 'lost topic 2', 'lost topic 4'])
  })

  it('given a record that is younger than the oldest one, retention does not explain it', async () => {
    const user = lived()
    // Another user has the oldest record of the same partition.
    const others = Array.from({ length: 20 }, (_, index) => lived({ user: 2 + index, events: 1 }))
    const gone = { ...user, topic: [] }
    const recent = await findingsOf([gone, ...others], { low: 9n, oldestAt: now - 2 * hourMs })
    expect(recent).toHaveLength(5)
    expect(await findingsOf([gone, ...others], { low: 9n, oldestAt: now - hourMs })).toEqual([])
  })

  it('given a user whom no other store knows, all of their records are ahead', async () => {
    const user = { ...lived({ events: 2 }), head: 0, logSeen: 0, readSeen: 0 }
    expect(await findingsOf(user)).toEqual(['ahead topic 1', 'ahead topic 2'])
  })
})

describe('places that are held', () => {
  const slot = (user: FakeUser, more: object) => ({
    userId: user.userId,
    sequence: 2,
    isDiscarded: false,
    reason: 'undecodable',
    hasBytes: true,
    event: null,
    ...more,
  })

  it('given what an operator gave up, it is discarded, and no loss', async () => {
    const user = lived()
    const gone = { ...user, log: without(user.log, 2), logSlots: [slot(user, { isDiscarded: true })] }
    expect(await findingsOf(gone)).toEqual(['discarded log 2'])
  })

  it('given an event that the log has parked and the outbox has let go, what is parked tells which it is', async () => {
    const user = lived({ ageMs: 100 * hourMs })
    const event = user.log[1] ?? null
    const parked = { ...user, outbox: [], log: without(user.log, 2), logSlots: [slot(user, { event })] }
    expect(await findingsOf(parked)).toEqual(['parked log 2'])
    const topic = user.topic.map((record) => (record.sequence === 2 ? { ...record, version: 7 } : record))
    expect(await findingsOf({ ...parked, topic })).toEqual(['fork topic 2', 'parked log 2'])
  })

  it('given a place for an event that nobody had and the outbox has, it is parked: it will be filled', async () => {
    const user = lived()
    const open = slot(user, { reason: 'missing', hasBytes: false })
    expect(await findingsOf({ ...user, log: without(user.log, 2), logSlots: [open] })).toEqual([
      'parked log 2',
    ])
  })
})

describe('the read model', () => {
  it('given what was purged, and relations of it, nothing is said', async () => {
    const user = { ...lived(), read: [] }
    const purged = user.log.map(({ aggregateId }) => aggregateId)
    expect(await findingsOf({ ...user, purged })).toEqual([])
    expect(await findingsOf(user)).toHaveLength(5)
    const end = aggregateOf(77)
    const relations = { ...lived({ type: 'relation', ends: [end, aggregateOf(78)] }), read: [] }
    expect(await findingsOf({ ...relations, purged: [end] })).toEqual([])
    expect(await findingsOf(relations)).toHaveLength(5)
  })

  it('given a user who was erased, only what came later has to be there', async () => {
    const user = { ...lived(), erased: 3, read: [] }
    expect(await findingsOf(user)).toEqual(['lost read_model 4', 'lost read_model 5'])
  })

  it('given aggregates whose version it does not keep, nothing is said', async () => {
    expect(await findingsOf({ ...lived({ type: 'analysis' }), read: [] })).toEqual([])
  })

  it('given the aggregate of another user, it is not taken for this one', async () => {
    const ana = lived()
    const bob = lived({ user: 2, events: 0 })
    const taken = { ...ana, read: without(ana.read, 2) }
    const [row] = ana.read.filter(({ sequence }) => sequence === 2)
    const found = await findingsOf([taken, { ...bob, head: 0, read: row === undefined ? [] : [row] }])
    expect(found).toEqual(['lost read_model 2'])
  })

  it('given rows at events that nobody has, or at other events, they are named', async () => {
    const user = lived()
    const beyond = { aggregateId: aggregateOf(9), version: 1, sequence: 40 }
    expect(await findingsOf({ ...user, read: [...user.read, beyond] })).toEqual(['ahead read_model 40'])
    const other = { aggregateId: aggregateOf(9), version: 4, sequence: 3 }
    expect(await findingsOf({ ...user, read: [...user.read, other] })).toEqual(['fork read_model 3'])
  })
})

describe('many', () => {
  const world = (users: FakeUser[]): FakeWorld => ({
    moment: { now, reconciledAt: null },
    users,
    low: 0n,
    oldestAt: now - 1_000 * hourMs,
  })

  it('given more users than a page has, in stores that know different ones, each is judged once', async () => {
    const users = Array.from({ length: 1_300 }, (_, n) => lived({ user: n + 1, events: 1 }))
    for (const [n, user] of users.entries()) {
      if (n % 2 === 0) Object.assign(user, { logSeen: 0, log: [] })
      if (n % 3 === 0) Object.assign(user, { readSeen: 0, read: [] })
    }
    const { found, agreement } = await compare(world(users))
    expect(agreement).toMatchObject({ users: 1_300, events: 1_300, agrees: true })
    expect(found.filter((text) => text === 'in_flight log 1')).toHaveLength(650)
    expect(found.filter((text) => text === 'in_flight read_model 1')).toHaveLength(434)
    expect(found).toHaveLength(650 + 434)
  })

  it('given more events than a batch has, the rows of the read model are looked up only where they do not add up', async () => {
    const user = lived({ events: 4_500 })
    let looked = 0
    const stores = storesOf(world([user]))
    const readAggregates: LedgerStores['readAggregates'] = (id) => {
      looked += 1
      return stores.readAggregates(id)
    }
    expect((await compare(world([user]), { readAggregates })).found).toEqual([])
    expect(looked).toBe(0)
    const torn = { ...user, log: without(user.log, 2_001, 4_500) }
    expect((await compare(world([torn]))).found).toEqual(['lost log 2001', 'lost log 4500'])
  })

  it('given more findings than are told, all are counted', async () => {
    const user = lived({ events: 50 })
    const { found, agreement } = await compare(world([{ ...user, log: [] }]), {}, 3)
    expect(found).toEqual(['lost log 1', 'lost log 2', 'lost log 3'])
    expect(agreement.found).toEqual([{ kind: 'lost', store: 'log', events: 50 }])
  })

  it('given more records sent twice than are named, all are counted', async () => {
    const user = lived({ events: 1_200 })
    const { agreement } = await compare(world([{ ...user, topic: [...user.topic, ...user.topic] }]), {}, 3)
    expect(agreement.found).toEqual([{ kind: 'repeated', store: 'topic', events: 1_200 }])
    expect(agreement.held.topic?.records).toBe(2_400)
  })
})

describe('stores that are written to meanwhile', () => {
  const worldOf = (user: FakeUser): FakeWorld => ({
    moment: { now, reconciledAt: null },
    users: [user],
    low: 0n,
    oldestAt: now - 1_000 * hourMs,
  })

  it('given an event that is accepted and applied between any two reads, nothing is ahead or lost', async () => {
    const user = lived()
    const before = { ...user, topic: [...user.topic] }
    const stores = storesOf(worldOf(user))
    const grow = () => Object.assign(user, lived({ events: user.head + 1 }), { topic: before.topic })
    // Published after the reading of the topic began.
    const outboxRows: LedgerStores['outboxRows'] = async (spans) =>
      (await stores.outboxRows(spans)).map((row) => (row.sequence > 5 ? { ...row, publishedAt: now } : row))
    const growing: Partial<LedgerStores> = { outboxRows }
    for (const name of ['heads', 'logPositions', 'readPositions'] as const)
      Object.assign(growing, {
        [name]: (page: never) => {
          grow()
          return stores[name](page)
        },
      })
    const { found, agreement } = await compare(worldOf(user), growing)
    expect(agreement.agrees).toBe(true)
    expect(found.filter((text) => !text.startsWith('in_flight'))).toEqual([])
  })

  it('given an event that leaves the outbox once it is in the log, it is in one of them', async () => {
    const user = lived({ ageMs: 25 * hourMs })
    const atEnd = { ...user, outbox: [] }
    Object.assign(user, { log: [], logSeen: 0 })
    const stores = storesOf(worldOf(user))
    const leave = <T>(answer: T): T => {
      Object.assign(user, { outbox: atEnd.outbox, log: atEnd.log })
      return answer
    }
    const { found } = await compare(worldOf(user), {
      outboxRows: async (spans) => leave(await stores.outboxRows(spans)),
      logRows: async (spans) => leave(await stores.logRows(spans)),
    })
    expect(found).toEqual([])
  })
})
