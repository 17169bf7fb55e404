import type { DecodedEvent } from '@synap/contracts'
import { type AggregateId, SynapError, uuidv7 } from '@synap/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createWriterDecoder } from '../src/decode.ts'
import type { InboxOptions } from '../src/types.ts'
import {
  applyEffects,
  assign,
  assignAll,
  type Bench,
  buildInbox,
  createBench,
  deliver,
  newHistory,
  schemaById,
} from './bench.ts'
import { type MadeEvent, toMessages } from './history.ts'

const empty = `truncate inbox_test.positions, inbox_test.user_positions, inbox_test.parked, inbox_test.parked_history, inbox_test.effects,
  inbox_test.records restart identity`
const applied = 'select sequence from inbox_test.effects order by n'
const parked = 'select sequence, reason, slot, state from inbox_test.parked order by sequence, id'
const seen = 'select seen from inbox_test.user_positions'

describe('inbox', () => {
  let bench: Bench
  beforeAll(async () => {
    bench = await createBench()
  })
  afterAll(() => bench.close())
  beforeEach(() => bench.sql(empty))
  const inboxWith = (options: Partial<InboxOptions<DecodedEvent>> = {}) => buildInbox(bench.pool, options)

  it('given a batch, each event is applied once, and its redelivery and an older one change nothing', async () => {
    const history = newHistory()
    for (let i = 0; i < 5; i += 1) history.create()
    const inbox = inboxWith()
    await assign(inbox)
    await deliver(inbox, toMessages(history.events))
    await deliver(inbox, toMessages(history.events))
    await bench.sql('update inbox_test.positions set next_offset = 0')
    await deliver(inbox, toMessages(history.events.slice(0, 3)))
    expect(await bench.sql(applied)).toEqual(['1', '2', '3', '4', '5'])
    expect(await bench.sql(seen)).toEqual(['5'])
    expect(await bench.sql(parked)).toEqual([])
  })

  it('given poison of every kind, each is parked once with its reason and its neighbours are applied', async () => {
    const history = newHistory()
    for (let i = 0; i < 9; i += 1) history.create()
    const [ok1, empty, magic, truncated, bomb, nul, disagree, foreign, ok2] = history.events as MadeEvent[]
    const records = [
      ok1,
      { ...empty, value: Buffer.alloc(0) },
      { ...magic, value: Buffer.from('hello world') },
      { ...truncated, value: truncated?.value.subarray(0, 40) },
      {
        ...bomb,
        value: Buffer.concat([
          bomb?.value.subarray(0, 5) ?? Buffer.alloc(0),
          Buffer.from('feffffff0f', 'hex'),
        ]),
      },
      { ...nul, value: null },
      { ...disagree, headers: { ...disagree?.headers, 'synap-version': '7' } },
      { ...foreign, key: uuidv7() },
      { key: null, value: Buffer.from('no\0headers'), headers: { 'x-\0y': '\0' } },
      ok2,
    ] as MadeEvent[]
    const inbox = inboxWith({ fetchEvents: async (_, from, to) => history.fetch(from, to) })
    await assign(inbox)
    await deliver(inbox, toMessages(records))
    await bench.sql('update inbox_test.positions set next_offset = 0')
    await deliver(inbox, toMessages(records))
    expect(
      await bench.sql(`select record_offset, reason, slot from inbox_test.parked order by record_offset`),
    ).toEqual([
      '1|undecodable|t',
      '2|undecodable|t',
      '3|undecodable|t',
      '4|undecodable|t',
      '5|undecodable|t',
      '6|inconsistent|f',
      '7|inconsistent|f',
      '8|headers_unusable|f',
    ])
    // 7 and 8 took no slot: their sequences were a gap, and ingest had the true events.
    expect(await bench.sql(applied)).toEqual(['1', '7', '8', '9'])
    expect(await bench.sql(seen)).toEqual(['9'])
  })

  it('given a schema id that the registry does not know, or another schema under it, it halts and parks nothing', async () => {
    const history = newHistory()
    history.create()
    for (const [registry, code] of [
      [async () => undefined, 'schema.unknown_id'],
      [() => schemaById(2), 'schema.fingerprint_mismatch'],
    ] as const) {
      const inbox = inboxWith({ decode: createWriterDecoder(registry) })
      await assign(inbox)
      const failure = await deliver(inbox, toMessages(history.events)).catch((error: unknown) => error)
      expect(failure).toMatchObject({ class: 'configuration', code })
    }
    expect(await bench.sql(parked)).toEqual([])
    expect(await bench.sql('select next_offset, attempts from inbox_test.positions')).toEqual(['0|0'])
  })

  it('given a gap, the missing events are fetched and applied in order before the batch goes on', async () => {
    const history = newHistory()
    for (let i = 0; i < 7; i += 1) history.create()
    const asked: string[] = []
    const inbox = inboxWith({
      repairPage: 2,
      fetchEvents: async (_, from, to) => {
        asked.push(`${from}..${to}`)
        return history.fetch(from, to)
      },
    })
    await assign(inbox)
    const [first, , , , , sixth, seventh] = history.events as MadeEvent[]
    await deliver(inbox, toMessages([first, sixth, seventh] as MadeEvent[]))
    expect(await bench.sql(applied)).toEqual(['1', '2', '3', '4', '5', '6', '7'])
    expect(asked).toEqual(['5..5', '2..3', '4..5'])
  })

  it('given a gap while ingest is away, nothing from the gap on is committed and the same batch works later', async () => {
    const history = newHistory()
    for (let i = 0; i < 3; i += 1) history.create()
    const away = new SynapError('ingest is away', { code: 'ingest.unavailable', class: 'dependency' })
    let up = false
    const inbox = inboxWith({
      fetchEvents: async (_, from, to) => {
        if (!up) throw away
        return history.fetch(from, to)
      },
    })
    await assign(inbox)
    const batch = toMessages([history.events[0], history.events[2]] as MadeEvent[])
    for (let i = 0; i < 5; i += 1) await expect(deliver(inbox, batch)).rejects.toBe(away)
    expect(await bench.sql(applied)).toEqual(['1'])
    expect(await bench.sql('select next_offset, attempts from inbox_test.positions')).toEqual(['1|0'])
    up = true
    await deliver(inbox, batch)
    expect(await bench.sql(applied)).toEqual(['1', '2', '3'])
    expect(await bench.sql(parked)).toEqual([])
  })

  it('given an event that nobody has, a slot stays open, its aggregate waits, the rest flows, and it fills', async () => {
    const history = newHistory()
    const { aggregateId } = history.create('a')
    history.append('entity.title_changed', aggregateId, { title: 'b', oldTitle: 'a' })
    history.append('entity.title_changed', aggregateId, { title: 'c', oldTitle: 'b' })
    history.create('other')
    const lost = new Set([2])
    const inbox = inboxWith({ fetchEvents: async (_, from, to) => history.fetch(from, to, lost) })
    await assign(inbox)
    const [first, second, third, fourth] = history.events as MadeEvent[]
    await deliver(inbox, toMessages([first, third, fourth] as MadeEvent[]))
    expect(await bench.sql(applied)).toEqual(['1', '4'])
    expect(await bench.sql(parked)).toEqual(['2|missing|t|open', '3|behind_missing|t|open'])
    expect(await bench.sql(seen)).toEqual(['4'])

    await deliver(inbox, toMessages([second] as MadeEvent[], { firstOffset: 3 }))
    expect(await bench.sql(applied)).toEqual(['1', '4', '2', '3'])
    expect(await bench.sql(parked)).toEqual(['2|missing|t|applied', '3|behind_missing|t|applied'])
  })

  it('given an event that nobody had and ingest has it now, the upkeep fills the slot', async () => {
    const history = newHistory()
    history.create('a')
    history.create('b')
    let lost = new Set([1])
    const inbox = inboxWith({
      fetchEvents: async (_, from, to) => history.fetch(from, to, lost),
      fetchHeads: async () => ({ items: [], next: null }),
    })
    await assign(inbox)
    await deliver(inbox, toMessages([history.events[1]] as MadeEvent[]))
    lost = new Set()
    expect(await inbox.checkHeads()).toBe(0)
    await bench.sql(`update inbox_test.parked set updated_at = now() - interval '2 minutes'`)
    expect(await inbox.checkHeads()).toBe(1)
    expect(await bench.sql(applied)).toEqual(['2', '1'])
  })

  it('given a lost last event, the comparison with the heads of ingest finds it', async () => {
    const history = newHistory()
    for (let i = 0; i < 3; i += 1) history.create()
    const ingest: Partial<InboxOptions<DecodedEvent>> = {
      fetchEvents: async (_, from, to) => history.fetch(from, to),
      fetchHeads: async (_, cursor) =>
        cursor === null
          ? { items: [], next: history.userId }
          : { items: [{ userId: history.userId, sequence: 3 }], next: null },
    }
    const inbox = inboxWith(ingest)
    await assignAll(inbox)
    await deliver(inbox, toMessages(history.events.slice(0, 2)))
    // Users of partitions that another one has are not this one's business.
    expect(await inboxWith(ingest).checkHeads()).toBe(0)
    expect(await inbox.checkHeads()).toBe(1)
    expect(await bench.sql(applied)).toEqual(['1', '2', '3'])
    expect(await inbox.checkHeads()).toBe(0)
  })

  it('given a forged sequence far beyond what ingest knows, it opens no slots', async () => {
    const history = newHistory()
    history.create()
    history.create()
    const [first, second] = history.events as MadeEvent[]
    const far = { ...second, headers: { ...second?.headers, 'synap-sequence': '900000' } } as MadeEvent
    const inbox = inboxWith({
      fetchEvents: async (_, from, to) => history.fetch(from, to),
      // agrees with its headers, as a forger's record would
      decode: async (value, headers, signal) => {
        const decoded = await createWriterDecoder(schemaById)(value, headers, signal)
        if (!decoded.ok || headers['synap-sequence'] !== '900000') return decoded
        return { ...decoded, envelope: { ...decoded.envelope, sequence: 900_000 } }
      },
    })
    await assign(inbox)
    await deliver(inbox, toMessages([first, far] as MadeEvent[]))
    expect(await bench.sql(`select reason, slot from inbox_test.parked`)).toEqual(['inconsistent|f'])
    expect(await bench.sql(applied)).toEqual(['1'])
  })

  it('given an event that the store refuses, it alone is parked, with what follows of its aggregate', async () => {
    const history = newHistory()
    const { aggregateId } = history.create('refuse me')
    history.append('entity.title_changed', aggregateId, { title: 'fine', oldTitle: null })
    history.create('fine too')
    const inbox = inboxWith()
    await assign(inbox)
    await deliver(inbox, toMessages(history.events))
    expect(await bench.sql(applied)).toEqual(['3'])
    expect(await bench.sql(parked)).toEqual(['1|refused_by_store|t|open', '2|behind_parked|t|open'])

    // an operator gives up the first: what waits behind it goes on
    await bench.sql(
      `select inbox_test.mark_parked(array(select id from inbox_test.parked where sequence = 1), 'discard')`,
    )
    expect(await inbox.retryParked()).toBe(1)
    expect(await bench.sql(applied)).toEqual(['3', '2'])
    expect(await bench.sql(parked)).toEqual(['1|refused_by_store|t|discarded', '2|behind_parked|t|applied'])
  })

  it('given parked events marked for a retry and code that can apply them now, all drain in version order', async () => {
    const history = newHistory()
    const { aggregateId } = history.create('refuse me')
    history.append('entity.title_changed', aggregateId, { title: 'b', oldTitle: null })
    history.append('entity.title_changed', aggregateId, { title: 'c', oldTitle: 'b' })
    const inbox = inboxWith()
    await assign(inbox)
    await deliver(inbox, toMessages(history.events))
    await bench.sql(
      `select inbox_test.mark_parked(array(select id from inbox_test.parked where sequence = 1), 'retry')`,
    )
    expect(await inbox.retryParked()).toBe(0)
    expect(await bench.sql(`select state, attempts from inbox_test.parked where sequence = 1`)).toEqual([
      'open|1',
    ])

    await bench.sql(`alter table inbox_test.effects drop constraint effects_title_check`)
    await bench.sql(
      `select inbox_test.mark_parked(array(select id from inbox_test.parked where sequence = 1), 'retry')`,
    )
    expect(await inbox.retryParked()).toBe(3)
    expect(await bench.sql(applied)).toEqual(['1', '2', '3'])
    await bench.sql(`alter table inbox_test.effects add check (title <> 'refuse me') not valid`)
  })

  it('given an undecodable event behind a parked one, it keeps its own reason and is not tried with the other', async () => {
    const history = newHistory()
    const { aggregateId } = history.create('refuse me')
    history.append('entity.title_changed', aggregateId, { title: 'b', oldTitle: null })
    const [first, second] = history.events as [MadeEvent, MadeEvent]
    const inbox = inboxWith()
    await assign(inbox)
    await deliver(inbox, toMessages([first, { ...second, value: Buffer.from('bad') }]))
    expect(await bench.sql(parked)).toEqual(['1|refused_by_store|t|open', '2|undecodable|t|open'])
    await bench.sql(
      `select inbox_test.mark_parked(array(select id from inbox_test.parked where sequence = 1), 'discard')`,
    )
    expect(await inbox.retryParked()).toBe(0)
    expect(await bench.sql(`select state, attempts from inbox_test.parked where sequence = 2`)).toEqual([
      'open|0',
    ])
  })

  it('given a record without a place that is marked for a retry, it stays open as it was', async () => {
    const inbox = inboxWith()
    await assign(inbox)
    await deliver(inbox, toMessages([{ key: null, value: Buffer.from('x'), headers: {} }]))
    await bench.sql(`select inbox_test.mark_parked(array(select id from inbox_test.parked), 'retry')`)
    expect(await inbox.retryParked()).toBe(0)
    expect(await bench.sql('select state, attempts, detail from inbox_test.parked')).toEqual(['open|0|ce_id'])
  })

  it('given a parked event of the user aggregate, everything later of that user waits and other users do not', async () => {
    const history = newHistory()
    const other = newHistory()
    const user = history.userId as AggregateId
    history.append('user.settings_changed', user, {
      timeZone: 'Europe/Berlin',
      oldTimeZone: null,
      language: null,
      oldLanguage: null,
    })
    history.create()
    other.create()
    const bad = { ...history.events[0], value: Buffer.from('bad') } as MadeEvent
    const inbox = inboxWith()
    await assign(inbox)
    await deliver(inbox, toMessages([bad, history.events[1], other.events[0]] as MadeEvent[]))
    expect(await bench.sql(`select user_id from inbox_test.effects`)).toEqual([other.userId])
    // the event itself turns up again, whole
    await deliver(inbox, toMessages([history.events[0]] as MadeEvent[], { firstOffset: 3 }))
    expect(
      await bench.sql(
        `select sequence from inbox_test.effects where user_id = '${history.userId}' order by n`,
      ),
    ).toEqual(['1', '2'])
  })

  it('given a type that this build does not know, it is parked, skipped or applied as the consumer asks', async () => {
    const unknown: InboxOptions<DecodedEvent>['decode'] = async (...args) => {
      const decoded = await createWriterDecoder(schemaById)(...args)
      return decoded.ok ? { ...decoded, known: false } : decoded
    }
    for (const [unknownTypes, effects, rows] of [
      ['park', [], ['1|needs_newer_code|t|open']],
      ['skip', [], []],
      ['apply', ['1'], []],
    ] as const) {
      await bench.sql(empty)
      const history = newHistory()
      history.create()
      const inbox = inboxWith({ unknownTypes, decode: unknown })
      await assign(inbox)
      await deliver(inbox, toMessages(history.events))
      expect(await bench.sql(applied)).toEqual(effects)
      expect(await bench.sql(parked)).toEqual(rows)
      expect(await bench.sql(seen)).toEqual(['1'])
      // the upgrade: a build that knows the type drains it by itself
      if (unknownTypes === 'park') expect(await inboxWith().retryParked()).toBe(1)
    }
  })

  it('given another event under a sequence that the store has, it is parked as a fork without a slot, once', async () => {
    const history = newHistory()
    history.create('true')
    const [truth] = history.events as [MadeEvent]
    const forged = { ...truth, headers: { ...truth.headers, ce_id: uuidv7() } }
    const inbox = inboxWith({
      storedIds: async () => new Map([[`${history.userId}/1`, truth.envelope.id]]),
      // payload and headers agree, as a forger's would
      decode: async (value, headers, signal) => {
        const decoded = await createWriterDecoder(schemaById)(value, headers, signal)
        return decoded.ok
          ? { ...decoded, envelope: { ...decoded.envelope, id: headers['ce_id'] ?? '' } }
          : decoded
      },
    })
    await assign(inbox)
    await deliver(inbox, toMessages([truth, forged]))
    await bench.sql('update inbox_test.positions set next_offset = 0')
    await deliver(inbox, toMessages([truth, forged]))
    expect(await bench.sql(parked)).toEqual(['1|fork|f|open'])
    expect(await bench.sql(applied)).toEqual(['1'])
  })

  it('given two consumers on one partition, the fence lets each event in once', async () => {
    const history = newHistory()
    for (let i = 0; i < 20; i += 1) history.create()
    const zombie = inboxWith()
    const owner = inboxWith()
    await assign(zombie)
    await assign(owner)
    const messages = toMessages(history.events)
    await Promise.all([deliver(zombie, messages), deliver(owner, messages)])
    await deliver(zombie, messages.slice(3, 9))
    expect(await bench.sql('select count(*) from inbox_test.effects')).toEqual(['20'])
    expect(await bench.sql('select next_offset from inbox_test.positions')).toEqual(['20'])
    expect(await bench.sql(parked)).toEqual([])
  })

  it('given a bad deploy, it halts when more than 5 % of at least 200 records of a minute are refused', async () => {
    const history = newHistory()
    for (let i = 0; i < 230; i += 1) history.create()
    const records = history.events.map((event, index) =>
      index % 10 === 0 ? { ...event, value: Buffer.from('bad') } : event,
    )
    const inbox = inboxWith()
    await assign(inbox)
    await deliver(inbox, toMessages(records.slice(0, 150)))
    await expect(deliver(inbox, toMessages(records.slice(150), { firstOffset: 150 }))).rejects.toMatchObject({
      class: 'configuration',
      code: 'inbox.too_many_refused',
    })
    // What it had decided stays; it halts before the next batch, and a new start goes on from there.
    expect(await bench.sql('select next_offset from inbox_test.positions')).toEqual(['230'])
  })

  it('given one NOTIFY channel, a batch with many users sends one notification, which says whose positions moved', async () => {
    const notified: string[] = []
    const client = await bench.pool.connect()
    client.on('notification', ({ channel, payload }) => notified.push(`${channel}:${payload ?? ''}`))
    await client.query('listen inbox_positions')
    const histories = [newHistory(), newHistory(), newHistory()]
    for (const history of histories) history.create()
    const inbox = inboxWith({ channel: 'inbox_positions' })
    await assign(inbox)
    await deliver(inbox, toMessages(histories.flatMap((history) => history.events)))
    await client.query('select 1')
    client.release(true)
    const moved = histories.map(({ userId }) => `${userId}:1`).sort()
    expect(notified).toEqual([`inbox_positions:${moved.join(',')}`])
  })

  it('given the effect and the position, both are committed or neither is', async () => {
    const history = newHistory()
    history.create()
    const broken = inboxWith({
      apply: async (client, events) => {
        await applyEffects(client, events)
        throw new TypeError('a bug of ours')
      },
    })
    await assign(broken)
    await expect(deliver(broken, toMessages(history.events))).rejects.toThrow('a bug of ours')
    expect(await bench.sql(applied)).toEqual([])
    expect(await bench.sql('select next_offset, attempts from inbox_test.positions')).toEqual(['0|0'])
    await deliver(inboxWith(), toMessages(history.events))
    expect(await bench.sql(applied)).toEqual(['1'])
  })
})
