import { SynapError } from '@synap/core'
import { silentLogger } from '@synap/messaging'
import { execute } from '@synap/postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createRecordInbox, type RecordInboxOptions } from '../src/record-inbox.ts'
import { type Bench, createBench, deliver, role, schema } from './bench.ts'
import { toMessages } from './history.ts'

interface Thing {
  key: string
  value: string | null
}

const topic = 'things'
const messages = (things: readonly (readonly [string, string | null])[], firstOffset = 0) =>
  toMessages(
    things.map(([key, value]) => ({ key, value: value === null ? null : Buffer.from(value), headers: {} })),
    { topic, firstOffset },
  )

describe('an inbox for a compacted topic', () => {
  let bench: Bench
  beforeAll(async () => {
    bench = await createBench()
  })
  afterAll(() => bench.close())
  beforeEach(() =>
    bench.sql(
      'truncate inbox_test.positions, inbox_test.parked, inbox_test.parked_history, inbox_test.records',
    ),
  )

  function build(options: Partial<RecordInboxOptions<Thing>> = {}) {
    return createRecordInbox<Thing>({
      schema,
      role,
      consumer: 'inbox-test',
      pool: bench.pool,
      logger: silentLogger,
      decode: async ({ key, value }) =>
        value?.toString() === 'bad'
          ? { ok: false, detail: 'bad' }
          : { ok: true, record: { key: key ?? '', value: value === null ? null : value.toString() } },
      apply: async (client, records) => {
        for (const { record } of records) {
          await execute(client, {
            text: `insert into inbox_test.records values ($1::text, $2::text)
                   on conflict (key) do update set value = excluded.value`,
            values: [record.key, record.value],
          })
        }
      },
      ...options,
    })
  }
  const assign = (inbox: ReturnType<typeof build>, low = 0n, high = 0n) =>
    inbox.resumeAt(topic, 0, { low, high })
  const records = () => bench.sql('select key, value from inbox_test.records order by key')

  it('given records and tombstones, they are applied in order and a redelivery below the position is dropped', async () => {
    const inbox = build()
    await assign(inbox)
    await deliver(
      inbox,
      messages([
        ['a', '1'],
        ['b', '1'],
        ['a', '2'],
        ['b', null],
      ]),
    )
    await deliver(inbox, messages([['a', 'old']], 1))
    expect(await records()).toEqual(['a|2', 'b|'])
  })

  it('given bad records, each is parked without a slot, once, and the others are applied', async () => {
    const inbox = build()
    await assign(inbox)
    const batch = messages([
      ['a', '1'],
      ['b', 'bad'],
      ['c', 'refuse me'],
      ['d', '1'],
    ])
    await deliver(inbox, batch)
    await bench.sql('update inbox_test.positions set next_offset = 0')
    await deliver(inbox, batch)
    expect(await records()).toEqual(['a|1', 'd|1'])
    expect(await bench.sql('select record_offset, reason, slot from inbox_test.parked order by 1')).toEqual([
      '1|undecodable|f',
      '2|refused_by_store|f',
    ])
    await bench.sql(`select inbox_test.mark_parked(array(select id from inbox_test.parked), 'retry')`)
    const newer = build({
      decode: async ({ key }) => ({ ok: true, record: { key: key ?? '', value: 'new' } }),
    })
    expect(await newer.retryParked(topic)).toBe(2)
    expect(await records()).toEqual(['a|1', 'b|new', 'c|new', 'd|1'])
  })

  it('given a record that is given up between the look at it and its turn, it is not applied', async () => {
    await assign(build())
    await deliver(build(), messages([['a', 'bad']]))
    const mark = (action: string) =>
      bench.sql(`select inbox_test.mark_parked(array(select id from inbox_test.parked), '${action}')`)
    await mark('retry')
    const racing = build({
      decode: async ({ key }) => {
        await mark('discard')
        return { ok: true, record: { key: key ?? '', value: 'new' } }
      },
    })
    expect(await racing.retryParked(topic)).toBe(0)
    expect(await records()).toEqual([])
    expect(await bench.sql('select state from inbox_test.parked')).toEqual(['discarded'])
  })

  it('given a record that cannot be read now, the others are tried all the same, and it says why', async () => {
    await assign(build())
    await deliver(
      build(),
      messages([
        ['a', 'bad'],
        ['b', 'bad'],
      ]),
    )
    await bench.sql(`select inbox_test.mark_parked(array(select id from inbox_test.parked), 'retry')`)
    const halting = build({
      decode: async ({ key }) => {
        if (key === 'a') throw new SynapError('no', { code: 'schema.unknown_id', class: 'configuration' })
        return { ok: true, record: { key: key ?? '', value: 'new' } }
      },
    })
    expect(await halting.retryParked(topic)).toBe(1)
    expect(await records()).toEqual(['b|new'])
    expect(await bench.sql('select state, detail from inbox_test.parked order by id')).toEqual([
      'open|schema.unknown_id',
      expect.stringContaining('applied|'),
    ])
  })

  it('given a position outside of the topic, it reads again from the start instead of halting', async () => {
    const inbox = build()
    await assign(inbox)
    await deliver(
      inbox,
      messages([
        ['a', '1'],
        ['b', '1'],
      ]),
    )
    expect(await assign(inbox, 0n, 2n)).toBe(2n)
    expect(await assign(inbox, 0n, 1n)).toBe(0n)
    // and what it reads again is applied, not dropped as old
    await deliver(inbox, messages([['a', 'restored']]))
    expect(await records()).toEqual(['a|restored', 'b|1'])
  })
})
