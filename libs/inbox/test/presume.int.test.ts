import type { DecodedEvent } from '@synap/contracts'
import { SynapError } from '@synap/core'
import { awaitAtCommit } from '@synap/postgres'
import { countAnswers } from '@synap/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { InboxOptions } from '../src/types.ts'
import {
  applyEffects,
  assign,
  type Bench,
  buildInbox,
  createBench,
  decode as decodeNow,
  deliver,
  newHistory,
} from './bench.ts'
import { type History, toMessages } from './history.ts'

const applied = 'select sequence from inbox_test.effects order by n'
const seen = 'select seen from inbox_test.user_positions'

describe('events that are presumed to be next', () => {
  let bench: Bench
  let count: ReturnType<typeof countAnswers>
  beforeAll(async () => {
    bench = await createBench()
    count = countAnswers(bench.pool)
  })
  afterAll(() => bench.close())
  beforeEach(() =>
    bench.sql(
      `truncate inbox_test.positions, inbox_test.user_positions, inbox_test.parked, inbox_test.parked_history, inbox_test.effects`,
    ),
  )

  /** An inbox that tells how events were applied, or tried to be. */
  function watched(options: Partial<InboxOptions<DecodedEvent>> = {}) {
    const calls: string[] = []
    const inbox = buildInbox(bench.pool, {
      presume: (events) => async (client) => {
        calls.push(`presumed ${events.map(({ sequence }) => sequence).join()}`)
        for (const event of events) awaitAtCommit(client, applyEffects(client, [event]))
      },
      apply: (client, events) => {
        calls.push(`plain ${events.map(({ sequence }) => sequence).join()}`)
        return applyEffects(client, events)
      },
      ...options,
    })
    return { inbox, calls }
  }

  /** The first event of a user who is new, which is never presumed, is applied. */
  async function begun(history: History, options: Partial<InboxOptions<DecodedEvent>> = {}) {
    const one = watched(options)
    await assign(one.inbox)
    await deliver(one.inbox, toMessages(history.events).slice(0, 1))
    expect(one.calls.splice(0)).toEqual(['plain 1'])
    return one
  }
  const made = (events: number) => {
    const history = newHistory()
    for (let i = 0; i < events; i += 1) history.create()
    return { history, messages: toMessages(history.events) }
  }

  it('given the next events of a user, they are applied with their positions in one message', async () => {
    const { history, messages } = made(5)
    const { inbox, calls } = await begun(history)
    await deliver(inbox, messages.slice(1, 2))
    await deliver(inbox, messages.slice(2, 3))
    const answers = await count(() => deliver(inbox, messages.slice(3)))
    expect(calls).toEqual(['presumed 2', 'presumed 3', 'presumed 4,5'])
    // The count of the start, and the rest.
    expect(answers.messages).toBe(2)
    expect(await bench.sql(applied)).toEqual(['1', '2', '3', '4', '5'])
    expect(await bench.sql(seen)).toEqual(['5'])
    expect(
      await bench.sql('select next_offset, event_id, attempts, attempt_offset from inbox_test.positions'),
    ).toEqual([`5|${history.events[4]?.envelope.id}|0|`])
  })

  it('given one that is not the next, what is missing comes first', async () => {
    const { history, messages } = made(3)
    const { inbox, calls } = await begun(history, {
      fetchEvents: async (_, from, to) => history.fetch(from, to),
    })
    await deliver(inbox, messages.slice(2))
    expect(calls).toEqual(['presumed 3', 'plain 2', 'presumed 3'])
    expect(await bench.sql(applied)).toEqual(['1', '2', '3'])
    expect(await bench.sql(seen)).toEqual(['3'])
  })

  it('given a user with an open slot, what belongs behind it is parked', async () => {
    const history = newHistory()
    const { aggregateId } = history.create('refuse me')
    history.create()
    const { inbox, calls } = watched()
    await assign(inbox)
    const messages = toMessages(history.events)
    await deliver(inbox, messages.slice(0, 1))
    expect(await bench.sql('select reason from inbox_test.parked')).toEqual(['refused_by_store'])
    await deliver(inbox, messages.slice(1))
    history.append('entity.title_changed', aggregateId, { title: 'x', oldTitle: null })
    await deliver(inbox, toMessages(history.events).slice(2))
    expect(calls.filter((call) => call.startsWith('presumed'))).toEqual(['presumed 2'])
    expect(await bench.sql(applied)).toEqual(['2'])
    expect(await bench.sql('select sequence, reason from inbox_test.parked order by 1')).toEqual([
      '1|refused_by_store',
      '3|behind_parked',
    ])
  })

  it('given records behind the position, nothing of them is applied', async () => {
    const { history, messages } = made(2)
    const { inbox, calls } = await begun(history)
    await bench.sql('update inbox_test.positions set next_offset = 7')
    await deliver(inbox, messages.slice(1))
    expect(calls).toEqual(['presumed 2'])
    expect(await bench.sql(applied)).toEqual(['1'])
    expect(await bench.sql('select next_offset from inbox_test.positions')).toEqual(['7'])
  })

  it('given a consumer that was replaced, what it presumes is not kept', async () => {
    const { history, messages } = made(3)
    const owner = await begun(history)
    const mayDecode = Promise.withResolvers<void>()
    const slow = watched({
      decode: async (...args) => {
        await mayDecode.promise
        return decodeNow(...args)
      },
    })
    const late = deliver(slow.inbox, messages.slice(1))
    await deliver(owner.inbox, messages.slice(1))
    mayDecode.resolve()
    await late
    expect([owner.calls, slow.calls]).toEqual([['presumed 2,3'], ['presumed 2,3']])
    expect(await bench.sql(applied)).toEqual(['1', '2', '3'])
  })

  it('given one that the store refuses, it is found and parked, and the others are applied', async () => {
    const history = newHistory()
    history.create()
    history.create()
    history.create('refuse me')
    history.create()
    const { inbox, calls } = await begun(history)
    await deliver(inbox, toMessages(history.events).slice(1))
    expect(calls.slice(0, 2)).toEqual(['presumed 2,3,4', 'plain 2,3,4'])
    expect(await bench.sql(applied)).toEqual(['1', '2', '4'])
    expect(await bench.sql('select sequence, reason from inbox_test.parked')).toEqual(['3|refused_by_store'])
  })

  it('given an event that is refused before anything is asked, it is parked, and the others are applied', async () => {
    const { messages } = made(3)
    const refuse = (events: readonly { sequence: number }[]) => {
      if (events.some(({ sequence }) => sequence === 2))
        throw new SynapError('no', { code: 'test.no', class: 'data' })
    }
    const { inbox } = watched({
      presume: (events) => {
        refuse(events)
        return undefined
      },
      apply: async (client, events) => {
        refuse(events)
        await applyEffects(client, events)
      },
    })
    await assign(inbox)
    for (const at of [0, 1, 2]) await deliver(inbox, messages.slice(at, at + 1))
    expect(await bench.sql(applied)).toEqual(['1', '3'])
    expect(await bench.sql('select sequence, reason from inbox_test.parked')).toEqual(['2|refused_by_store'])
  })

  it('given a user of whom something was otherwise, he is not presumed the next time, but again after it', async () => {
    const history = newHistory()
    history.create('refuse me')
    for (let i = 0; i < 4; i += 1) history.create()
    const { inbox, calls } = watched()
    await assign(inbox)
    const messages = toMessages(history.events)
    await deliver(inbox, messages.slice(0, 1))
    calls.splice(0)
    for (const from of [1, 2, 3, 4]) await deliver(inbox, messages.slice(from, from + 1))
    expect(calls).toEqual(['presumed 2', 'plain 2', 'plain 3', 'presumed 4', 'plain 4', 'plain 5'])
    expect(await bench.sql(applied)).toEqual(['2', '3', '4', '5'])
  })
})
