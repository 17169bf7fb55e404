import { type UserId, uuidv7 } from '@synap/core'
import { createEventLog, createSubscriptions, type Subscriptions } from '@synap/event-log'
import { execute, type Pool, toTimestamptz, transaction } from '@synap/postgres'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LogDatabase, logDatabases } from './databases.ts'
import { deliver, newHistory, newInboxOn } from './store.ts'

const role = 'synap_query'

/** Reads until it has `count` events, and says in which order they came. */
async function take(
  subscriptions: Subscriptions,
  userId: UserId,
  after: number,
  count: number,
): Promise<number[]> {
  const sequences: number[] = []
  const stop = AbortSignal.timeout(50_000)
  for await (const { events } of subscriptions.follow(userId, after, stop)) {
    sequences.push(...events.map(({ sequence }) => sequence))
    if (sequences.length >= count) break
  }
  return sequences
}

const from = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, n) => first + n)

/**
 * Writers of one user's events that commit in any order, as if each were a process of its own: what the log has behind a
 * sequence that is still missing is not to be delivered. The position moves on when everything up to it is there.
 */
async function writeInAnyOrder(pool: Pool, userId: UserId, events: number, writers: number): Promise<void> {
  const committed = new Set<number>()
  let handedOut = 0
  let seen = 0
  const write = (sequence: number) =>
    transaction(pool, { role: 'synap_events_writer' }, async (client) => {
      const at = toTimestamptz(Date.UTC(2026, 6, 1) + sequence * 60_000)
      const values = [at, uuidv7(), userId, sequence]
      await execute(client, {
        text: `insert into log.events (occurred_at, event_id, user_id, sequence, aggregate_id, version, schema_no,
                 event_type, source, actor_kind, correlation_id, delta)
               values ($1, $2, $3, $4, $2, 1, 1, 'entity.created', 'api', 'user', $2, '{}')`,
        values,
      })
      await execute(client, {
        text: `insert into log.user_days as d values ($1, ($2::timestamptz at time zone 'UTC')::date, $3, $3, $2, $2)
               on conflict (user_id, day) do update set first_sequence = least(d.first_sequence, $3),
                 last_sequence = greatest(d.last_sequence, $3), first_at = least(d.first_at, $2),
                 last_at = greatest(d.last_at, $2)`,
        values: [userId, at, sequence],
      })
      await execute(client, {
        text: `insert into log.daily_counts as c values ($1, ($2::timestamptz at time zone 'UTC')::date, 'entity.created', 1)
               on conflict (user_id, day, event_type) do update set events = c.events + 1`,
        values: [userId, at],
      })
    })
  const moveOn = async () => {
    const before = seen
    while (committed.has(seen + 1)) seen += 1
    if (seen === before) return
    await transaction(pool, { role: 'synap_events_writer' }, (client) =>
      execute(client, {
        text: `insert into log.user_positions as p (user_id, seen) values ($1, $2)
               on conflict (user_id) do update set seen = greatest(p.seen, excluded.seen)`,
        values: [userId, seen],
      }),
    )
  }
  const writer = async () => {
    for (;;) {
      // in blocks of 16 the last comes first
      const next = handedOut
      if (next >= events) return
      handedOut += 1
      const sequence = next - (next % 16) + (16 - (next % 16))
      await write(sequence)
      committed.add(sequence)
      await moveOn()
    }
  }
  await Promise.all(Array.from({ length: writers }, writer))
}

describe.each(logDatabases)('subscriptions on %s', (_name, open) => {
  let database: LogDatabase
  let pool: Pool
  let subscriptions: Subscriptions
  beforeAll(async () => {
    database = await open()
    ;({ pool } = database)
    await database.sql(
      `insert into log.schemas (fingerprint, schema_id, schema, event_type, aggregate_type)
       values (sha256('x'), 1, '{}', 'entity.created', 'entity')`,
    )
    const log = createEventLog({ pool, role })
    subscriptions = createSubscriptions({ pool, role, log, pageLength: 7, recheckMs: 10, idleMs: 100 })
  }, 120_000)
  afterAll(() => database.close())

  it('given sixteen writers that commit in any order, everybody is told every event once and in order', async () => {
    const userId = uuidv7() as UserId
    const readers = [0, 0, 100, 333].map((after) => take(subscriptions, userId, after, 480 - after))
    await writeInAnyOrder(pool, userId, 480, 16)
    const told = await Promise.all(readers)
    expect(told).toEqual([from(1, 480), from(1, 480), from(101, 480), from(334, 480)])
  })

  it('given an open slot, nothing behind it is told until it is filled, and then all of it', async () => {
    const history = newHistory()
    for (let n = 0; n < 6; n += 1) history.create()
    const records = history.events.map((event) =>
      event.envelope.sequence === 3 ? { ...event, value: event.value.subarray(0, -2) } : event,
    )
    await deliver(newInboxOn(pool), records, 1_000)
    const told: number[] = []
    let signs = 0
    const stop = new AbortController()
    const following = (async () => {
      for await (const { events, upTo } of subscriptions.follow(history.userId, 0, stop.signal)) {
        told.push(...events.map(({ sequence }) => sequence))
        if (events.length === 0) {
          signs += 1
          expect(upTo).toBe(told.length)
        }
      }
    })()
    await eventually('it waits at the slot', () => told.length === 2 && signs >= 3)
    expect(told).toEqual([1, 2])
    const third = history.events[2]
    if (third === undefined) throw new TypeError('no third event')
    await deliver(newInboxOn(pool), [third], 2_000)
    await eventually('the rest is told', () => told.length === 6)
    stop.abort()
    await following
    expect(told).toEqual(from(1, 6))
  })

  it('given a slot that is given up, the stream goes on behind it', async () => {
    const history = newHistory()
    for (let n = 0; n < 4; n += 1) history.create()
    const records = history.events.map((event) =>
      event.envelope.sequence === 2 ? { ...event, value: event.value.subarray(0, -2) } : event,
    )
    await deliver(newInboxOn(pool), records, 3_000)
    const reading = take(subscriptions, history.userId, 0, 3)
    await database.sql(
      `update log.parked set state = 'discarded' where user_id = '${history.userId}' and sequence = 2`,
    )
    expect(await reading).toEqual([1, 3, 4])
  })

  it('given somebody else’s events, a follower is told nothing of them', async () => {
    const [mine, other] = [newHistory(), newHistory()]
    mine.create()
    for (let n = 0; n < 5; n += 1) other.create()
    mine.create()
    await deliver(newInboxOn(pool), [...mine.events, ...other.events], 4_000)
    expect(await take(subscriptions, mine.userId, 0, 2)).toEqual([1, 2])
    const stop = AbortSignal.timeout(1_000)
    const stranger = subscriptions.follow(uuidv7() as UserId, 0, stop)
    expect((await stranger.next()).value).toEqual({ events: [], upTo: 0 })
    await stranger.return(undefined)
  })
})
