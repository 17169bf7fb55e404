import type { DecodedEvent } from '@synap/contracts'
import { awaitAtCommit, execute } from '@synap/postgres'
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
import { type MadeEvent, toMessages } from './history.ts'

const applied = 'select sequence from inbox_test.effects order by n'

describe('what is read ahead', () => {
  let bench: Bench
  beforeAll(async () => {
    bench = await createBench()
  })
  afterAll(() => bench.close())
  beforeEach(() =>
    bench.sql(
      `truncate inbox_test.positions, inbox_test.user_positions, inbox_test.parked, inbox_test.effects`,
    ),
  )

  /** An inbox that tells how events were applied: `ahead`, with how many were read ahead, or `plain`. */
  function watched(options: Partial<InboxOptions<DecodedEvent>> = {}) {
    const calls: string[] = []
    const inbox = buildInbox(bench.pool, {
      prepare: async (client, events) => (some) => {
        calls.push(`ahead ${some.length} of ${events.length}`)
        return applyEffects(client, some)
      },
      apply: (client, events) => {
        calls.push(`plain ${events.length}`)
        return applyEffects(client, events)
      },
      ...options,
    })
    return { inbox, calls }
  }

  it('given a user that is new, what was read was read without a lock, and does not count', async () => {
    const history = newHistory()
    for (let i = 0; i < 4; i += 1) history.create()
    const { inbox, calls } = watched()
    await assign(inbox)
    const messages = toMessages(history.events)
    await deliver(inbox, messages.slice(0, 2))
    await deliver(inbox, messages.slice(2))
    expect(calls).toEqual(['plain 2', 'ahead 2 of 2'])
    expect(await bench.sql(applied)).toEqual(['1', '2', '3', '4'])
  })

  it('given events that came before, only the others are applied, however many were read for', async () => {
    const history = newHistory()
    for (let i = 0; i < 4; i += 1) history.create()
    const { inbox, calls } = watched()
    await assign(inbox)
    await deliver(inbox, toMessages(history.events.slice(0, 2)))
    const again = [...history.events.slice(0, 2), ...history.events.slice(2)]
    await deliver(
      inbox,
      toMessages(again).map((message) => ({ ...message, offset: message.offset + 2n })),
    )
    expect(calls).toEqual(['plain 2', 'ahead 2 of 4'])
    expect(await bench.sql(applied)).toEqual(['1', '2', '3', '4'])
  })

  it('given one that the store refuses, each is applied by itself, after a look of its own', async () => {
    const history = newHistory()
    history.create()
    const first = history.events[0] as MadeEvent
    history.create('refuse me')
    history.create()
    const { inbox, calls } = watched()
    await assign(inbox)
    const messages = toMessages(history.events)
    expect(messages[0]?.key).toBe(first.key)
    await deliver(inbox, messages.slice(0, 1))
    await deliver(inbox, messages.slice(1))
    expect(calls).toEqual(['plain 1', 'ahead 2 of 2', 'plain 1', 'plain 1'])
    expect(await bench.sql(applied)).toEqual(['1', '3'])
    expect(await bench.sql('select sequence, reason from inbox_test.parked')).toEqual(['2|refused_by_store'])
  })

  it('given a store that leaves its writes to the commit, the one that is refused is found all the same', async () => {
    const history = newHistory()
    history.create()
    history.create('refuse me')
    history.create()
    const inbox = buildInbox(bench.pool, {
      apply: async (client, events) => {
        for (const event of events) awaitAtCommit(client, applyEffects(client, [event]))
        await execute(client, { text: 'select 1' })
      },
    })
    await assign(inbox)
    await deliver(inbox, toMessages(history.events))
    expect(await bench.sql(applied)).toEqual(['1', '3'])
    expect(await bench.sql('select sequence, reason from inbox_test.parked')).toEqual(['2|refused_by_store'])
    expect(await bench.sql('select seen from inbox_test.user_positions')).toEqual(['3'])
  })

  it('given a consumer whose partition another has taken, nothing that it read or sent ahead is kept', async () => {
    const history = newHistory()
    for (let i = 0; i < 3; i += 1) history.create()
    const messages = toMessages(history.events)
    const owner = watched()
    await assign(owner.inbox)
    await deliver(owner.inbox, messages.slice(0, 1))
    // Between the count of its start and its transaction the owner goes on.
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
    expect(slow.calls).toEqual([])
    expect(await bench.sql(applied)).toEqual(['1', '2', '3'])
  })
})
