import { uuidv7 } from '@synap/core'
import type { InboundMessage } from '@synap/messaging'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { assign, type Bench, buildInbox, createBench, deliver, newHistory } from './bench.ts'
import { toMessages } from './history.ts'

const topic = 'synap.events.v1'

describe('where an inbox goes on', () => {
  let bench: Bench
  beforeAll(async () => {
    bench = await createBench()
  })
  afterAll(() => bench.close())
  beforeEach(() => bench.sql('truncate inbox_test.positions, inbox_test.user_positions, inbox_test.effects'))

  /** An inbox that has handled 3 records, and asks this topic for the one before its position. */
  async function after3(stored: (messages: InboundMessage[]) => InboundMessage | undefined) {
    const history = newHistory()
    for (let i = 0; i < 3; i += 1) history.create()
    const messages = toMessages(history.events)
    const inbox = buildInbox(bench.pool, { readAt: async () => stored(messages) })
    await assign(inbox)
    await deliver(inbox, messages)
    return inbox
  }
  const halts = (code: string) => ({ class: 'configuration', code })

  it('given no position yet, it begins with the oldest record', async () => {
    const inbox = buildInbox(bench.pool)
    expect(await inbox.resumeAt(topic, 0, { low: 40n, high: 50n })).toBe(40n)
    expect(await inbox.resumeAt(topic, 1, { low: 0n, high: 0n })).toBe(0n)
  })

  it('given the same topic, it goes on behind the record handled last', async () => {
    const inbox = await after3((messages) => messages[2])
    expect(await inbox.resumeAt(topic, 0, { low: 0n, high: 10n })).toBe(3n)
    expect(await inbox.resumeAt(topic, 0, { low: 1n, high: 3n })).toBe(3n)
  })

  it('given a position equal to the oldest record, it goes on, for there is nothing before it to compare', async () => {
    const inbox = await after3(() => undefined)
    expect(await inbox.resumeAt(topic, 0, { low: 3n, high: 10n })).toBe(3n)
  })

  it('given a topic that ends before the position, it halts', async () => {
    const inbox = await after3((messages) => messages[2])
    await expect(inbox.resumeAt(topic, 0, { low: 0n, high: 2n })).rejects.toMatchObject(
      halts('position.beyond_end'),
    )
  })

  it('given a topic whose oldest record is behind the position, it halts', async () => {
    const inbox = await after3((messages) => messages[2])
    await expect(inbox.resumeAt(topic, 0, { low: 4n, high: 9n })).rejects.toMatchObject(
      halts('position.expired'),
    )
  })

  it('given a topic made anew that is long enough again, it halts', async () => {
    const inbox = await after3(
      ([first]) => first && { ...first, headers: { ...first.headers, ce_id: uuidv7() } },
    )
    await expect(inbox.resumeAt(topic, 0, { low: 0n, high: 9n })).rejects.toMatchObject(
      halts('position.other_record'),
    )
    // It never resets by itself.
    expect(await bench.sql('select next_offset from inbox_test.positions')).toEqual(['3'])
  })

  it('given a record handled last that had no id, only one without an id will do', async () => {
    const [bare] = toMessages([{ key: null, value: null, headers: {} }])
    const inbox = buildInbox(bench.pool, { readAt: async () => bare })
    await assign(inbox)
    await deliver(inbox, [bare as InboundMessage])
    expect(await inbox.resumeAt(topic, 0, { low: 0n, high: 5n })).toBe(1n)
    await bench.sql('truncate inbox_test.positions')
    const other = await after3((messages) => messages[2])
    await bench.sql('update inbox_test.positions set event_id = null')
    await expect(other.resumeAt(topic, 0, { low: 0n, high: 5n })).rejects.toMatchObject(
      halts('position.other_record'),
    )
  })
})
