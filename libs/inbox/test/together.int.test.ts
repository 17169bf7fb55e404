import type { DecodedEvent } from '@synap/contracts'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createWriterDecoder } from '../src/decode.ts'
import type { Decode, InboxOptions } from '../src/types.ts'
import {
  applyEffects,
  assign,
  type Bench,
  buildInbox,
  createBench,
  deliver,
  newHistory,
  schemaById,
  type TestInbox,
} from './bench.ts'
import { type History, toMessages } from './history.ts'

const topic = 'synap.events.v1'
const deadly = Buffer.from('deadly')

describe('partitions whose records come at the same time', () => {
  let bench: Bench
  beforeAll(async () => {
    bench = await createBench()
  })
  afterAll(() => bench.close())
  beforeEach(() =>
    bench.sql(
      `truncate inbox_test.positions, inbox_test.user_positions, inbox_test.parked, inbox_test.parked_history, inbox_test.effects restart identity`,
    ),
  )
  const appliedOf = (history: History) =>
    bench.sql(`select sequence from inbox_test.effects where user_id = '${history.userId}' order by n`)
  const positions = () =>
    bench.sql('select partition, next_offset, attempts from inbox_test.positions order by partition')
  const transactions = async () =>
    Number((await bench.sql('select count(distinct xmin::text) from inbox_test.effects'))[0])

  /** One user on each partition, whose first event this inbox has applied: it goes on with the others by itself. */
  async function begun(count: number, options: Partial<InboxOptions<DecodedEvent>> = {}) {
    const inbox = buildInbox(bench.pool, options)
    const histories = Array.from({ length: count }, newHistory)
    for (const [partition, history] of histories.entries()) {
      history.create()
      await assign(inbox, topic, partition)
      await deliver(inbox, toMessages(history.events, { partition }))
    }
    await bench.sql('truncate inbox_test.effects restart identity')
    return { inbox, histories }
  }

  const rest = (history: History, partition: number, from = 1) =>
    toMessages(history.events.slice(from), { partition, firstOffset: from })
  const deliverRest = (inbox: TestInbox, histories: readonly History[]) =>
    Promise.allSettled(histories.map((history, partition) => deliver(inbox, rest(history, partition))))

  it('given three, they are applied in one transaction, each user in his order, and all positions move', async () => {
    const { inbox, histories } = await begun(3)
    for (const history of histories) for (let i = 0; i < 3; i += 1) history.create()
    await deliverRest(inbox, histories)
    for (const history of histories) expect(await appliedOf(history)).toEqual(['2', '3', '4'])
    expect(await transactions()).toBe(1)
    expect(await positions()).toEqual(['0|4|0', '1|4|0', '2|4|0'])
  })

  it('given what comes while others are at work, it waits and shares the next transaction', async () => {
    const inTheMiddle = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    let isHeld = false
    const { inbox, histories } = await begun(4, {
      apply: async (client, events) => {
        if (isHeld) {
          inTheMiddle.resolve()
          await goOn.promise
        }
        await applyEffects(client, events)
      },
    })
    for (const history of histories) history.create()
    isHeld = true
    const [first, ...others] = histories
    if (first === undefined) throw new TypeError('no history')
    const delivered = [deliver(inbox, rest(first, 0))]
    await inTheMiddle.promise
    for (const [index, history] of others.entries()) delivered.push(deliver(inbox, rest(history, index + 1)))
    goOn.resolve()
    await Promise.all(delivered)
    expect(await transactions()).toBe(2)
    expect(await positions()).toEqual(['0|2|0', '1|2|0', '2|2|0', '3|2|0'])
  })

  it('given one that lacks an event, it is repaired by itself and the others are applied', async () => {
    let lacking: History | undefined
    const { inbox, histories } = await begun(3, {
      fetchEvents: async (_, from, to) => lacking?.fetch(from, to) ?? [],
    })
    for (const history of histories) for (let i = 0; i < 3; i += 1) history.create()
    const [first, second, third] = histories
    if (first === undefined || second === undefined || third === undefined) throw new TypeError('no history')
    lacking = second
    const some = second.events.filter((_, index) => index === 2 || index === 3)
    await Promise.all([
      deliver(inbox, rest(first, 0)),
      deliver(inbox, toMessages(some, { partition: 1, firstOffset: 1 })),
      deliver(inbox, rest(third, 2)),
    ])
    for (const history of histories) expect(await appliedOf(history)).toEqual(['2', '3', '4'])
    expect(await positions()).toEqual(['0|4|0', '1|3|0', '2|4|0'])
  })

  it('given an event that the store refuses, it alone is parked', async () => {
    const { inbox, histories } = await begun(3)
    for (const history of histories) history.create()
    histories[1]?.create('refuse me')
    histories[2]?.create()
    await deliverRest(inbox, histories)
    const applied = await Promise.all(histories.map(appliedOf))
    expect(applied).toEqual([['2'], ['2'], ['2', '3']])
    expect(await bench.sql('select partition, record_offset, reason from inbox_test.parked')).toEqual([
      '1|2|refused_by_store',
    ])
    expect(await positions()).toEqual(['0|2|0', '1|3|0', '2|3|0'])
  })

  it('given a partition that another consumer has gone on with, nothing of it is applied twice, and the others are', async () => {
    const { inbox, histories } = await begun(3)
    for (const history of histories) history.create()
    const [, taken] = histories
    if (taken === undefined) throw new TypeError('no history')
    const known = histories.map((history, partition) => rest(history, partition))
    taken.create()
    await deliver(buildInbox(bench.pool), rest(taken, 1))
    await Promise.all(known.map((messages) => deliver(inbox, messages)))
    expect(await Promise.all(histories.map(appliedOf))).toEqual([['2'], ['2', '3'], ['2']])
    expect(await positions()).toEqual(['0|2|0', '1|3|0', '2|2|0'])
  })

  it('given a database that fails the transaction, all are delivered again and applied once', async () => {
    let isDown = false
    const { inbox, histories } = await begun(3, {
      apply: async (client, events) => {
        await applyEffects(client, events)
        if (isDown) await client.query('select pg_terminate_backend(pg_backend_pid())')
      },
    })
    for (const history of histories) history.create()
    isDown = true
    const failed = await deliverRest(inbox, histories)
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    isDown = false
    await deliverRest(inbox, histories)
    for (const history of histories) expect(await appliedOf(history)).toEqual(['2'])
    expect(await positions()).toEqual(['0|2|0', '1|2|0', '2|2|0'])
  })

  it('given a record that kills the process, the other partitions are not blamed for it', async () => {
    const first = startProcess()
    const { inbox, histories } = await begun(3, { decode: first.decode })
    for (const history of histories) history.create()
    const records = histories.map((history, partition) => rest(history, partition))
    records[0] = (records[0] ?? []).map((message) => ({ ...message, value: deadly }))
    const deliverAll = (to: TestInbox) => Promise.all(records.map((messages) => deliver(to, messages)))

    void deliverAll(inbox)
    await first.died
    await eventually('the starts are counted', async () => {
      const counted = await bench.sql('select partition, attempts from inbox_test.positions order by 1')
      return counted.join() === '0|1,1|1,2|1'
    })
    // Whatever this one begins beside the deadly record, it does not live to see the end of.
    const second = startProcess({ othersWait: true })
    void deliverAll(buildInbox(bench.pool, { decode: second.decode }))
    await second.died
    const third = startProcess()
    await deliverAll(buildInbox(bench.pool, { decode: third.decode }))
    expect(await bench.sql('select partition, reason from inbox_test.parked')).toEqual(['0|killer'])
    expect(await Promise.all(histories.map(appliedOf))).toEqual([[], ['2'], ['2']])
  })
})

/** Decodes as a process does that dies of deadly bytes: from then on nothing comes back, or already before. */
function startProcess({ othersWait = false } = {}) {
  const died = Promise.withResolvers<'died'>()
  let isDead = false
  const decode: Decode<DecodedEvent> = (value, headers, signal) => {
    const isDeadly = value?.includes(deadly) === true
    isDead ||= isDeadly
    if (!isDead && !othersWait) return createWriterDecoder(schemaById)(value, headers, signal)
    if (isDeadly) died.resolve('died')
    return new Promise(() => undefined)
  }
  return { decode, died: died.promise }
}
