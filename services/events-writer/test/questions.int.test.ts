import { type EventId, uuidv7 } from '@synap/core'
import {
  countEvents,
  countEventsByHour,
  createEventLog,
  type EventLog,
  type EventPage,
  findAggregateEvents,
  findAggregateHead,
  findCauses,
  findEffects,
  findEvent,
  findEvents,
  findEventsOf,
  findSequenceAt,
  type LoggedEvent,
} from '@synap/event-log'
import { type Pool, query } from '@synap/postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { logLayouts } from './databases.ts'
import { begin, createDice, dayMs, expected, randomFilter, tellRandomly } from './random-story.ts'
import { deliver, newInboxOn } from './store.ts'
import { createStory, newId, type StoryEvent } from './story.ts'

describe.each(logLayouts)('the questions of the log on %s', (_name, open) => {
  const story = createStory()
  const stranger = createStory()
  const dice = createDice(20_261_121)
  tellRandomly(story, dice)
  tellRandomly(stranger, dice)
  // a stranger who claims to belong to it
  const claimed = story.events[40]?.envelope
  stranger.tell(
    'entity.created',
    newId(),
    { type: 'note', title: null, timeZone: null },
    {
      at: (claimed?.occurredAt ?? begin) + 3 * dayMs,
      correlationId: claimed?.correlationId ?? '',
      causationId: claimed?.id ?? null,
    },
  )
  let pool: Pool
  let close: () => Promise<void>
  let log: EventLog

  beforeAll(async () => {
    ;({ pool, close } = await open())
    await deliver(newInboxOn(pool), [...story.events, ...stranger.events])
    log = createEventLog({ pool, role: 'synap_query' })
  }, 120_000)
  afterAll(() => close())

  const ids = (events: readonly { id: string }[]) => events.map(({ id }) => id)

  it('given any filter and page, it answers what a look at every event would', async () => {
    const seen = { some: 0, none: 0 }
    for (let turn = 0; turn < 300; turn += 1) {
      const filter = randomFilter(story, dice)
      const page: EventPage = {
        order: dice(2) === 0 ? 'oldest' : 'newest',
        limit: 1 + dice(30),
        ...(dice(2) === 0 ? { above: dice(400) } : {}),
        ...(dice(2) === 0 ? { below: dice(400) } : {}),
      }
      const found = await log.ask(story.userId, (client) => findEvents(client, filter, page))
      const wanted = expected(story, filter, page)
      expect({ filter, page, found: ids(found) }).toEqual({ filter, page, found: wanted })
      seen[wanted.length > 0 ? 'some' : 'none'] += 1
    }
    expect(Math.min(seen.some, seen.none)).toBeGreaterThan(20)
  }, 120_000)

  it('given an event, it comes back as it was written', async () => {
    const { envelope, type } = story.events[123] as StoryEvent
    const found = await log.ask(story.userId, (client) => findEvent(client, envelope.id))
    expect(found).toMatchObject({ ...envelope, type, aggregateType: 'entity' })
  })

  it('given a clock that was put back, the order is still that of the sequence', async () => {
    const jumping = createStory()
    for (const day of [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2]) {
      const at = begin + day * dayMs + jumping.events.length
      jumping.tell('entity.created', newId(), { type: 'note', title: null, timeZone: null }, { at })
    }
    await deliver(newInboxOn(pool), jumping.events, 10_000)
    for (const order of ['newest', 'oldest'] as const) {
      const found = await log.ask(jumping.userId, (client) => findEvents(client, {}, { order, limit: 5 }))
      expect(found.map(({ sequence }) => sequence)).toEqual(
        order === 'newest' ? [12, 11, 10, 9, 8] : [1, 2, 3, 4, 5],
      )
    }
  })

  it('given pages of any length, a walk in either order gives every event once', async () => {
    for (const order of ['oldest', 'newest'] as const) {
      const walked: string[] = []
      for await (const page of log.walk(story.userId, {}, { order, pageLength: 37 }))
        walked.push(...ids(page))
      expect(walked).toEqual(expected(story, {}, { order, limit: 1_000 }))
    }
  })

  it('given an aggregate, its head and any range of its versions', async () => {
    const [{ envelope }] = story.events as [StoryEvent]
    const id = envelope.aggregateId
    const own = story.events.filter((event) => event.envelope.aggregateId === id)
    const last = own.at(-1)?.envelope
    const head = await log.ask(story.userId, (client) => findAggregateHead(client, id))
    expect(head).toMatchObject({ version: own.length, lastSequence: last?.sequence, aggregateType: 'entity' })
    const upTo = own[5]?.envelope.sequence as number
    const found = await log.ask(story.userId, (client) =>
      findAggregateEvents(client, id, { above: 2, to: 20, upToSequence: upTo }, 100),
    )
    expect(found.map(({ version }) => version)).toEqual([3, 4, 5, 6])
  })

  it('given several aggregates, their events are one list, newest first, page by page, and a stranger’s are not in it', async () => {
    const wanted = [...new Set(story.events.map(({ envelope }) => envelope.aggregateId))].slice(0, 4)
    const foreign = stranger.events[0]?.envelope.aggregateId
    const asked = foreign === undefined ? wanted : [...wanted, foreign]
    const all = story.events.filter(({ envelope }) => wanted.includes(envelope.aggregateId)).toReversed()
    const found: LoggedEvent[] = []
    for (let below: number | undefined; ; below = found.at(-1)?.sequence) {
      const page = await log.ask(story.userId, (client) => findEventsOf(client, asked, { below, limit: 7 }))
      if (page.length === 0) break
      found.push(...page)
    }
    expect(found.length).toBeGreaterThan(14)
    expect(ids(found)).toEqual(all.map(({ envelope }) => envelope.id))
  })

  it('given an event, the chain of its causes and of all its effects', async () => {
    const byId = new Map(story.events.map((event) => [event.envelope.id, event.envelope]))
    const causesOf = (id: EventId): EventId[] => {
      const cause = byId.get(id)?.causationId ?? null
      return cause === null ? [] : [cause, ...causesOf(cause)]
    }
    for (const { envelope } of story.events.filter((_, index) => index % 20 === 0)) {
      const { id } = envelope
      const chain = await log.ask(story.userId, async (client) => ({
        causes: ids(await findCauses(client, id)),
        effects: ids(await findEffects(client, id, 1_000)),
      }))
      expect(chain.causes).toEqual(causesOf(id))
      const effects = [...byId.keys()].filter((other) => causesOf(other).includes(id))
      expect(chain.effects.toSorted()).toEqual(effects.toSorted())
    }
  })

  it('given a time, the highest sequence that was there', async () => {
    for (let turn = 0; turn < 60; turn += 1) {
      const at = begin - dayMs + dice(16 * dayMs)
      const before = story.events.filter(({ envelope }) => envelope.occurredAt <= at)
      const highest = Math.max(0, ...before.map(({ envelope }) => envelope.sequence))
      expect(await log.ask(story.userId, (client) => findSequenceAt(client, at))).toBe(highest)
    }
  })

  it('given days or hours, exact counts of each type', async () => {
    const range = { from: '2026-03-02', to: '2026-03-05', types: ['entity.title_changed'] }
    const inRange = story.events.filter(
      ({ type, envelope }) =>
        type === 'entity.title_changed' &&
        envelope.occurredAt >= begin + dayMs &&
        envelope.occurredAt < begin + 5 * dayMs,
    )
    const days = await log.ask(story.userId, (client) => countEvents(client, range))
    const hours = await log.ask(story.userId, (client) =>
      countEventsByHour(client, { from: begin + dayMs, to: begin + 5 * dayMs, types: range.types }),
    )
    const sum = (counts: readonly { events: number }[]) => counts.reduce((all, { events }) => all + events, 0)
    expect(days.map(({ day }) => day)).toEqual(['2026-03-02', '2026-03-03', '2026-03-04', '2026-03-05'])
    expect(sum(days)).toBe(inRange.length)
    expect(sum(hours)).toBe(inRange.length)
    expect(new Set(hours.map(({ hour }) => hour % 3_600_000))).toEqual(new Set([0]))
  })

  it('given somebody else, or nobody, nothing of it is found', async () => {
    const { envelope } = story.events[50] as StoryEvent
    const { id, aggregateId, correlationId } = envelope
    const all = { order: 'oldest', limit: 1_000 } as const
    for (const userId of [stranger.userId, uuidv7() as typeof story.userId]) {
      await log.ask(userId, async (client) => {
        expect(await findEvent(client, id)).toBeUndefined()
        expect(await findCauses(client, id)).toEqual([])
        expect(await findEffects(client, id, 100)).toEqual([])
        expect(await findAggregateHead(client, aggregateId)).toBeUndefined()
        expect(await findAggregateEvents(client, aggregateId, {}, 100)).toEqual([])
        expect(await findEvents(client, { aggregateId }, all)).toEqual([])
        expect(await findEventsOf(client, [aggregateId], { limit: 10 })).toEqual([])
        expect(await findEvents(client, { correlationId }, all)).toEqual([])
        const foreign = (await findEvents(client, {}, all)).filter((event) => event.userId !== userId)
        expect(foreign).toEqual([])
      })
    }
  })

  it('given query’s role, it reaches no table of the log and not the list of users', async () => {
    const denied = { class: 'configuration', code: 'postgres.denied' }
    for (const text of [
      'select * from log.snapshots',
      'select * from log.event_rows',
      'select * from log.users_behind(null, 10)',
      `select * from log.part_to_read('${story.userId}', null, now(), now(), 0, 9, true, 9)`,
    ]) {
      await expect(log.ask(story.userId, (client) => query(client, { text }))).rejects.toMatchObject(denied)
    }
  })

  it('given an operator, every user with what the log has of each', async () => {
    const operators = createEventLog({ pool, role: 'synap_operator' })
    const users: { userId: string }[] = []
    for await (const page of operators.users()) users.push(...page)
    expect(users).toHaveLength(3)
    expect(users).toContainEqual({ userId: story.userId, seen: 400, events: 400 })
  })
})

const [onOneChunk, , , , onMixedChunks] = logLayouts

describe.each([onOneChunk, onMixedChunks])('sequences without an event on %s', (_name, open) => {
  it('given many parked events, a page is as full as one over what is there', async () => {
    const database = await open()
    const { pool } = database
    try {
      const story = createStory()
      const dice = createDice(6)
      tellRandomly(story, dice)
      await deliver(newInboxOn(pool), story.events)
      // accounted for and not in the log: 140 in a row, and every third of the rest
      const missing = (sequence: number) => sequence % 3 === 0 || (sequence > 150 && sequence < 290)
      await database.sql(
        `delete from log.events where sequence % 3 = 0 or (sequence > 150 and sequence < 290)`,
      )
      const there = { ...story, events: story.events.filter((event) => !missing(event.envelope.sequence)) }
      const log = createEventLog({ pool, role: 'synap_query' })
      for (let turn = 0; turn < 120; turn += 1) {
        const filter = dice(2) === 0 ? {} : { from: begin + dice(10 * dayMs), to: begin + dice(16 * dayMs) }
        const page: EventPage = {
          order: turn % 2 === 0 ? 'oldest' : 'newest',
          limit: 1 + dice(150),
          ...(dice(3) === 0 ? { above: dice(400) } : {}),
          ...(dice(3) === 0 ? { below: dice(400) } : {}),
        }
        const found = await log.ask(story.userId, (client) => findEvents(client, filter, page))
        expect(
          found.map(({ id }) => id),
          JSON.stringify({ filter, page }),
        ).toEqual(expected(there, filter, page))
      }
    } finally {
      await database.close()
    }
  })
})

describe('chunks of the log', () => {
  it('given many chunks, a question touches those that hold its answer', async () => {
    const [, , , [, open]] = logLayouts
    const { pool, close } = await open()
    try {
      const story = createStory()
      const aggregateId = newId()
      for (let day = 0; day < 14; day += 1) {
        const at = begin + day * dayMs
        const id = day === 5 || day === 6 ? aggregateId : newId()
        const title = { title: `t${day}`, oldTitle: null }
        if (day === 6) story.tell('entity.title_changed', id, title, { at })
        else story.tell('entity.created', id, { type: 'note', title: null, timeZone: null }, { at })
      }
      await deliver(newInboxOn(pool), story.events)
      const log = createEventLog({ pool, role: 'synap_query' })
      const touched = (ask: (client: Parameters<typeof findEvent>[0]) => Promise<unknown[]>) =>
        log.ask(story.userId, async (client) => {
          expect((await ask(client)).length).toBeGreaterThan(0)
          // A chunk that the planner kept is locked until the end of the transaction, one it left out is not.
          const [locks] = await query<{ chunks: number }>(client, {
            text: `select count(distinct relation)::int as chunks from pg_locks
                   where pid = pg_backend_pid() and relation::regclass::text ~ '_hyper_\\d+_\\d+_chunk$'`,
          })
          return locks?.chunks
        })
      const newest = { order: 'newest', limit: 3 } as const
      expect(await touched((client) => findEvents(client, {}, newest))).toBe(3)
      expect(await touched((client) => findEvents(client, {}, { order: 'oldest', above: 7, limit: 2 }))).toBe(
        2,
      )
      expect(await touched((client) => findEvents(client, { types: ['entity.title_changed'] }, newest))).toBe(
        1,
      )
      expect(await touched((client) => findEvents(client, { aggregateId }, newest))).toBe(2)
      expect(await touched((client) => findAggregateEvents(client, aggregateId, {}, 10))).toBe(2)
      const inside = { from: begin + 9 * dayMs, to: begin + 11 * dayMs }
      expect(await touched((client) => findEvents(client, inside, newest))).toBe(2)
      const { correlationId } = (story.events[4] as StoryEvent).envelope
      expect(
        await touched((client) => findEvents(client, { correlationId, ...inside, from: begin }, newest)),
      ).toBe(11)
    } finally {
      await close()
    }
  })
})
