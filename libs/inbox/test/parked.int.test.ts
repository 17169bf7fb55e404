import type { DecodedEvent } from '@synap/contracts'
import { type AggregateId, type EntityId, SynapError, uuidv7 } from '@synap/core'
import { operatorRole, query, transaction } from '@synap/postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createParkedMeasure } from '../src/measure-parked.ts'
import type { InboxOptions } from '../src/types.ts'
import {
  assign,
  type Bench,
  buildInbox,
  createBench,
  decode,
  deliver,
  newHistory,
  role,
  schema,
} from './bench.ts'
import { type MadeEvent, toMessages } from './history.ts'

const empty = `truncate inbox_test.positions, inbox_test.user_positions, inbox_test.parked, inbox_test.parked_history,
  inbox_test.effects, inbox_test.records restart identity`
const applied = 'select sequence from inbox_test.effects order by n'
const states = 'select sequence, reason, state from inbox_test.parked order by sequence'
const steps = (sequence: number) =>
  `select h.step, h.reason, h.detail, h.why, h.times from inbox_test.parked_history h
   join inbox_test.parked k on k.id = h.parked_id where k.sequence = ${sequence} order by h.id`

describe('what is parked', () => {
  let bench: Bench
  beforeAll(async () => {
    bench = await createBench()
  })
  afterAll(() => bench.close())
  beforeEach(() => bench.sql(empty))
  const inboxWith = (options: Partial<InboxOptions<DecodedEvent>> = {}) => buildInbox(bench.pool, options)

  const asOperator = <T>(text: string, values: unknown[] = []) =>
    transaction(bench.pool, { role: operatorRole }, (client) => query<T>(client, { text, values }))
  const groups = (closed = false) =>
    asOperator<{
      slot: boolean
      reason: string
      cause: string
      events: number
      waiting: number
      users: number
    }>(`select slot, reason, cause, events, waiting, users from inbox_test.parked_groups($1::boolean)`, [
      closed,
    ])
  const byUser = uuidv7()
  const mark = (reason: string, action: 'retry' | 'discard', upTo = 1_000_000) =>
    asOperator<{ marked: number }>(
      `select (inbox_test.mark_parked_group(true, $1::text, g.cause, $2::text, 0, $3::bigint, 500, $4::uuid, null,
         'because')).marked from inbox_test.parked_groups(false) g where g.slot and g.reason = $1::text`,
      [reason, action, upTo, byUser],
    )
  const allow = () => bench.sql(`alter table inbox_test.effects drop constraint effects_title_check`)
  const forbid = () =>
    bench.sql(
      `alter table inbox_test.effects add constraint effects_title_check check (title <> 'refuse me') not valid`,
    )

  /** Two users; each has an item whose first event is refused, two more of it, and an item that is fine. */
  async function refuseTwo() {
    const histories = [newHistory(), newHistory()]
    for (const history of histories) {
      const { aggregateId } = history.create('refuse me')
      history.append('entity.title_changed', aggregateId, { title: 'b', oldTitle: null })
      history.create('fine')
      history.append('entity.title_changed', aggregateId, { title: 'c', oldTitle: 'b' })
    }
    const inbox = inboxWith()
    await assign(inbox)
    await deliver(inbox, toMessages(histories.flatMap(({ events }) => events)))
    return { inbox, histories }
  }

  it('given the same cause for two users, it is one group, and what waits behind is counted with it', async () => {
    await refuseTwo()
    expect(await groups()).toEqual([
      {
        slot: true,
        reason: 'refused_by_store',
        cause: expect.stringContaining('effects_title_check'),
        events: 2,
        waiting: 4,
        users: 2,
      },
    ])
  })

  it('given details that differ in ids and numbers only, they are one cause', async () => {
    const [cause] = await bench.sql(`
      insert into inbox_test.parked (reason, detail, slot) values
        ('fork', 'the store has 019aa0c8-7c1e-7000-8a3e-6d7a4c1b2f90', false),
        ('fork', 'the store has 019aa0c8-7c1e-7000-8a3e-000000000000', false),
        ('undecodable', 'truncated: at byte 57', false), ('undecodable', 'truncated: at byte 9', false),
        ('refused_by_store', 'postgres.check sqlstate=23514 constraint=title_v2', false);
      select string_agg(distinct cause, ' | ' order by cause) from inbox_test.parked;`)
    expect(cause).toBe(
      'postgres.check sqlstate=23514 constraint=title_v2 | the store has … | truncated: at byte #',
    )
  })

  it('given a retry that fails, the history grows; given one that succeeds, the followers drain in order', async () => {
    const { inbox, histories } = await refuseTwo()
    expect(await mark('refused_by_store', 'retry')).toEqual([{ marked: 2 }])
    expect(await inbox.retryParked()).toBe(0)
    expect(await mark('refused_by_store', 'retry')).toEqual([{ marked: 2 }])
    expect(await inbox.retryParked()).toBe(0)
    expect((await bench.sql(steps(1))).map((line) => line.split('|')[0])).toEqual(
      ['parked', 'marked', 'tried', 'marked', 'tried'].flatMap((step) => [step, step]),
    )

    await allow()
    await mark('refused_by_store', 'retry')
    expect(await inbox.retryParked()).toBe(6)
    await forbid()
    for (const { userId } of histories) {
      expect(
        await bench.sql(
          `select sequence, version from inbox_test.effects where user_id = '${userId}' order by n`,
        ),
      ).toEqual(['3|1', '1|1', '2|2', '4|3'])
    }
    expect(await groups()).toEqual([])
    expect(await groups(true)).toHaveLength(2)
  })

  it('given a process that died between the event and its followers, the next look lets them go on', async () => {
    const { inbox } = await refuseTwo()
    await bench.sql(`update inbox_test.parked set state = 'applied' where sequence = 1`)
    expect(await groups()).toMatchObject([{ reason: 'behind_parked', events: 4 }])
    expect(await inbox.retryParked()).toBe(4)
    expect(await groups()).toEqual([])
  })

  it('given who marked it and why, the history says so', async () => {
    const { histories } = await refuseTwo()
    await mark('refused_by_store', 'discard')
    const [line] = await bench.sql(
      `select h.by_user, h.why, h.reason from inbox_test.parked_history h join inbox_test.parked k on k.id = h.parked_id
       where h.step = 'discarded' and k.user_id = '${histories[0]?.userId}'`,
    )
    expect(line).toBe(`${byUser}|because|refused_by_store`)
  })

  it('given a discarded event, its slot is closed, its followers go on in order, and it stays given up', async () => {
    const { inbox, histories } = await refuseTwo()
    expect(await mark('refused_by_store', 'discard')).toEqual([{ marked: 2 }])
    expect(await mark('refused_by_store', 'discard')).toEqual([])
    expect(await inbox.retryParked()).toBe(4)
    for (const { userId } of histories) {
      expect(
        await bench.sql(`select sequence from inbox_test.effects where user_id = '${userId}' order by n`),
      ).toEqual(['3', '2', '4'])
    }
    // the topic brings it again, as after a rebalance: it is accounted for
    await bench.sql('update inbox_test.positions set next_offset = 0')
    await deliver(inbox, toMessages(histories.flatMap(({ events }) => events)))
    expect(await bench.sql(`select count(*) from inbox_test.effects where sequence = 1`)).toEqual(['0'])
    expect(await groups()).toEqual([])
  })

  it('given a discarded event of the user, what waited goes on in order, whatever it is about; what is bad in it stays', async () => {
    const history = newHistory()
    const { aggregateId: note } = history.create('before')
    history.append('user.settings_changed', history.userId as string as AggregateId, {
      timeZone: 'Europe/Berlin',
      oldTimeZone: null,
      language: null,
      oldLanguage: null,
    })
    const { aggregateId: task } = history.create('after')
    const ends = { type: 'relates_to', sourceId: note as EntityId, targetId: task as EntityId } as const
    history.append('relation.created', uuidv7() as AggregateId, ends)
    history.append('entity.title_changed', note, { title: 'refuse me', oldTitle: null })
    history.append('entity.type_changed', note, { type: 'task', oldType: 'note' })
    history.append('entity.type_changed', task, { type: 'task', oldType: 'note' })
    const records = history.events.map((event, at) =>
      at === 1 ? { ...event, value: Buffer.from('bad') } : event,
    )
    const inbox = inboxWith()
    await assign(inbox)
    await deliver(inbox, toMessages(records))
    expect(await bench.sql(applied)).toEqual(['1'])
    expect(await groups()).toMatchObject([{ reason: 'undecodable', events: 1, waiting: 5 }])

    await mark('undecodable', 'discard')
    await inbox.retryParked()
    expect(await bench.sql(applied)).toEqual(['1', '3', '4', '7'])
    expect(await groups()).toMatchObject([{ reason: 'refused_by_store', events: 1, waiting: 1 }])
    await mark('refused_by_store', 'discard')
    await inbox.retryParked()
    expect(await bench.sql(applied)).toEqual(['1', '3', '4', '7', '6'])
    expect(await groups()).toEqual([])
  })

  it('given a discard between the look at a row and its turn, the event is not applied', async () => {
    const history = newHistory()
    history.create('refuse me')
    const inbox = inboxWith()
    await assign(inbox)
    await deliver(inbox, toMessages(history.events))
    await allow()
    await mark('refused_by_store', 'retry')
    const racing = inboxWith({
      decode: async (...args) => {
        await mark('refused_by_store', 'discard')
        return decode(...args)
      },
    })
    expect(await racing.retryParked()).toBe(0)
    await forbid()
    expect(await bench.sql(applied)).toEqual([])
    expect(await bench.sql(states)).toEqual(['1|refused_by_store|discarded'])
  })

  it('given what was parked after the look, a mark up to what was seen leaves it alone', async () => {
    const { inbox } = await refuseTwo()
    const [seen] = await asOperator<{ last_id: number }>(
      'select last_id from inbox_test.parked_groups(false)',
    )
    const later = newHistory()
    later.create('refuse me')
    await deliver(inbox, toMessages(later.events, { firstOffset: 8 }))
    expect(await mark('refused_by_store', 'discard', seen?.last_id)).toEqual([{ marked: 2 }])
    await inbox.retryParked()
    expect(await groups()).toMatchObject([{ reason: 'refused_by_store', events: 1 }])
  })

  it('given a missing event that is marked, ingest is asked at once; in vain is counted, not told each time', async () => {
    const history = newHistory()
    history.create('a')
    history.create('b')
    let lost = new Set([1])
    const inbox = inboxWith({ fetchEvents: async (_, from, to) => history.fetch(from, to, lost) })
    await assign(inbox)
    await deliver(inbox, toMessages([history.events[1]] as MadeEvent[]))
    await mark('missing', 'retry')
    expect(await inbox.retryParked()).toBe(0)
    expect(await bench.sql(states)).toEqual(['1|missing|open'])
    lost = new Set()
    await mark('missing', 'retry')
    await inbox.retryParked()
    expect(await bench.sql(applied)).toEqual(['2', '1'])
    expect((await bench.sql(steps(1))).map((line) => line.split('|')[0])).toEqual([
      'parked',
      'marked',
      'asked',
      'marked',
      'filled',
      'applied',
    ])
  })

  it('given a user whose events cannot be read now, the others are tried all the same, and it says why', async () => {
    const { inbox, histories } = await refuseTwo()
    await allow()
    await mark('refused_by_store', 'retry')
    const [unlucky, other] = histories.map(({ userId }) => userId).sort()
    const halting = inboxWith({
      decode: async (value, headers, signal) => {
        if (headers['synap-user'] === unlucky)
          throw new SynapError('no', {
            code: 'schema.unknown_id',
            class: 'configuration',
            fields: { schemaId: 7 },
          })
        return decode(value, headers, signal)
      },
    })
    expect(await halting.retryParked()).toBe(3)
    await forbid()
    expect(await bench.sql(`select distinct user_id from inbox_test.effects where sequence = 1`)).toEqual([
      other,
    ])
    expect(
      await bench.sql(
        `select state, detail from inbox_test.parked where user_id = '${unlucky}' and sequence = 1`,
      ),
    ).toEqual(['open|schema.unknown_id schemaId=7'])
    expect(await inbox.retryParked()).toBe(0)
  })

  it('given what has no place, a retry leaves it; deadly bytes are not handed out, others are', async () => {
    await bench.sql(`insert into inbox_test.parked (reason, slot, value, topic, partition, record_offset) values
      ('headers_unusable', false, 'x', 't', 0, 1), ('killer', false, 'bang', 't', 0, 2)`)
    const rows = (reason: string) =>
      asOperator<{ value: Buffer | null; bytes: number; state: string }>(
        `select value, bytes, state from inbox_test.parked_events(false, $1::text, '', false, 0, 10)`,
        [reason],
      )
    await bench.sql(`select inbox_test.mark_parked(array(select id from inbox_test.parked), 'retry')`)
    expect(await rows('headers_unusable')).toEqual([{ value: Buffer.from('x'), bytes: 1, state: 'open' }])
    expect(await rows('killer')).toEqual([{ value: null, bytes: 4, state: 'retry' }])
  })

  it('given what is parked, the metrics say how much by reason, and none once it is settled', async () => {
    const told = new Map<string, [rows: number, isOld: boolean]>()
    const options = { pool: bench.pool, role, schema }
    const measure = createParkedMeasure(options, {
      parkedNow: (reason, rows, oldestMs) => told.set(reason, [rows, oldestMs > 3_000_000]),
    })
    await refuseTwo()
    await bench.sql(`update inbox_test.parked set parked_at = now() - interval '1 hour'`)
    await measure()
    expect(Object.fromEntries(told)).toEqual({ behind_parked: [4, true], refused_by_store: [2, true] })
    await bench.sql(`update inbox_test.parked set state = 'discarded'`)
    await measure()
    expect(Object.fromEntries(told)).toEqual({ behind_parked: [0, false], refused_by_store: [0, false] })
  })

  it('given query, or the public, the functions of operators are refused', async () => {
    for (const call of [
      'parked_groups(false)',
      `parked_events(true, '', '', false, 0, 1)`,
      `mark_parked('{1}', 'discard')`,
      `mark_parked_group(true, '', '', 'retry', 0, 1, 1, null, null, null)`,
    ]) {
      await expect(
        transaction(bench.pool, { role: 'synap_query' }, (client) =>
          query(client, { text: `select inbox_test.${call}` }),
        ),
      ).rejects.toMatchObject({ code: 'postgres.denied' })
    }
    await expect(asOperator('select from inbox_test.parked')).rejects.toMatchObject({
      code: 'postgres.denied',
    })
  })
})
