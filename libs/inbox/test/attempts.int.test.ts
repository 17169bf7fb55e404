import type { DecodedEvent } from '@synap/contracts'
import type { Client, Pool } from '@synap/postgres'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createWriterDecoder } from '../src/decode.ts'
import type { Decode } from '../src/types.ts'
import { assign, type Bench, buildInbox, createBench, deliver, newHistory, schemaById } from './bench.ts'
import { toMessages } from './history.ts'

const applied = 'select sequence from inbox_test.effects order by n'
const deadly = Buffer.from('deadly')

describe('records that kill the process', () => {
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

  /** To the database a process that died while decoding looks like one that never comes back from it. */
  function startProcess() {
    const died = Promise.withResolvers<'died'>()
    const decode: Decode<DecodedEvent> = (value, headers, signal) => {
      if (value?.includes(deadly) !== true) return createWriterDecoder(schemaById)(value, headers, signal)
      died.resolve('died')
      return new Promise(() => undefined)
    }
    return { inbox: buildInbox(bench.pool, { decode }), died: died.promise }
  }

  it('given one in the middle of a batch, its third start parks it unread and its neighbours are applied', async () => {
    const history = newHistory()
    for (let i = 0; i < 5; i += 1) history.create()
    const records = history.events.map((event, index) => (index === 2 ? { ...event, value: deadly } : event))
    let deaths = 0
    for (let ended = false; !ended; ) {
      const { inbox, died } = startProcess()
      if (deaths === 0) await assign(inbox)
      const outcome = await Promise.race([deliver(inbox, toMessages(records)).then(() => 'done'), died])
      ended = outcome === 'done'
      if (!ended) deaths += 1
      expect(deaths).toBeLessThan(5)
    }
    // once with the batch, then twice alone
    expect(deaths).toBe(3)
    expect(await bench.sql(applied)).toEqual(['1', '2', '4', '5'])
    expect(
      await bench.sql(
        `select record_offset, reason, slot, convert_from(value, 'UTF8') from inbox_test.parked`,
      ),
    ).toEqual(['2|killer|t|deadly'])
  })

  it('given one in a later batch of a process, the start that is not waited for counts as any other', async () => {
    const history = newHistory()
    for (let i = 0; i < 5; i += 1) history.create()
    const records = toMessages(
      history.events.map((event, index) => (index === 3 ? { ...event, value: deadly } : event)),
    )
    const first = startProcess()
    await assign(first.inbox)
    await deliver(first.inbox, records.slice(0, 1))
    await deliver(first.inbox, records.slice(1, 2))
    let doomed = first
    let deaths = 0
    for (;;) {
      const outcome = await Promise.race([
        deliver(doomed.inbox, records.slice(2)).then(() => 'done'),
        doomed.died,
      ])
      if (outcome === 'done') break
      deaths += 1
      expect(deaths).toBeLessThan(5)
      if (deaths === 1) {
        await eventually('its start is counted', async () => {
          const [row] = await bench.sql('select attempt_offset, attempts from inbox_test.positions')
          return row === '2|1'
        })
      }
      doomed = startProcess()
    }
    expect(deaths).toBe(3)
    expect(await bench.sql(applied)).toEqual(['1', '2', '3', '5'])
    expect(await bench.sql(`select record_offset, reason from inbox_test.parked`)).toEqual(['3|killer'])
  })

  it('given a partition that comes back, what others began of it meanwhile counts', async () => {
    const history = newHistory()
    for (let i = 0; i < 2; i += 1) history.create()
    const records = toMessages(
      history.events.map((event, index) => (index === 1 ? { ...event, value: deadly } : event)),
    )
    const { inbox, died } = startProcess()
    await assign(inbox)
    await deliver(inbox, records.slice(0, 1))
    await bench.sql('update inbox_test.positions set attempts = 2, attempt_offset = 1')
    await inbox.resumeAt('synap.events.v1', 0, { low: 0n, high: 2n }).catch(() => undefined)
    const outcome = await Promise.race([deliver(inbox, records.slice(1)).then(() => 'done'), died])
    expect(outcome).toBe('done')
    expect(await bench.sql(`select record_offset, reason from inbox_test.parked`)).toEqual(['1|killer'])
  })

  it('given a start that cannot be counted, nothing is applied, and it works later', async () => {
    const history = newHistory()
    for (let i = 0; i < 2; i += 1) history.create()
    const records = toMessages(history.events)
    const { inbox } = startProcess()
    await assign(inbox)
    await deliver(inbox, records.slice(0, 1))
    await bench.sql('revoke update on inbox_test.positions from synap_enricher')
    await expect(deliver(inbox, records.slice(1))).rejects.toMatchObject({ code: 'postgres.denied' })
    await bench.sql('grant update on inbox_test.positions to synap_enricher')
    expect(await bench.sql(applied)).toEqual(['1'])
    await deliver(inbox, records.slice(1))
    expect(await bench.sql(applied)).toEqual(['1', '2'])
  })

  it('given a count that comes behind the commit, the batch is applied all the same, and nothing stays counted', async () => {
    const history = newHistory()
    for (let i = 0; i < 3; i += 1) history.create()
    const records = toMessages(history.events)
    const { inbox } = startProcess()
    await assign(inbox)
    await deliver(inbox, records.slice(0, 1))
    const late = holdCounts(bench.pool)
    try {
      const delivering = deliver(inbox, records.slice(1, 2))
      await eventually('it is applied', async () => (await bench.sql(applied)).length === 2)
      expect(late.held()).toBe(1)
      late.release()
      await delivering
    } finally {
      late.release()
    }
    expect(await bench.sql('select next_offset, attempts from inbox_test.positions')).toEqual(['2|0'])
    await deliver(inbox, records.slice(2))
    expect(await bench.sql(applied)).toEqual(['1', '2', '3'])
  })

  it('given a count that fails behind the commit, the batch is not taken for handled, and found applied when it comes again', async () => {
    const history = newHistory()
    for (let i = 0; i < 2; i += 1) history.create()
    const records = toMessages(history.events)
    const { inbox } = startProcess()
    await assign(inbox)
    await deliver(inbox, records.slice(0, 1))
    const late = holdCounts(bench.pool)
    const outcome = deliver(inbox, records.slice(1)).then(() => 'handled', String)
    await eventually('it is applied', async () => (await bench.sql(applied)).length === 2).finally(late.fail)
    expect(await outcome).toContain('the count is lost')
    await deliver(inbox, records.slice(1))
    expect(await bench.sql(applied)).toEqual(['1', '2'])
  })

  it('given deadly bytes that an operator marks for a retry, they are tried once, not at every start', async () => {
    const history = newHistory()
    history.create()
    const records = toMessages(history.events.map((event) => ({ ...event, value: deadly })))
    await assign(buildInbox(bench.pool))
    await bench.sql('update inbox_test.positions set attempts = 2, attempt_offset = 0')
    await deliver(buildInbox(bench.pool), records)
    await bench.sql(`select inbox_test.mark_parked(array(select id from inbox_test.parked), 'retry')`)
    const doomed = startProcess()
    void doomed.inbox.retryParked()
    await doomed.died
    const next = startProcess()
    expect(await Promise.race([next.inbox.retryParked(), next.died])).toBe(0)
    expect(await bench.sql('select reason, state, attempts from inbox_test.parked')).toEqual([
      'killer|open|1',
    ])
  })

  it('given deaths while applying, which no record is to blame for, nothing is parked however often', async () => {
    const history = newHistory()
    for (let i = 0; i < 3; i += 1) history.create()
    const graves: { bury: () => void; ended: Promise<unknown> }[] = []
    for (let start = 0; start < 5; start += 1) {
      const died = Promise.withResolvers<void>()
      const grave = Promise.withResolvers<void>()
      const inbox = buildInbox(bench.pool, {
        apply: () => {
          died.resolve()
          return grave.promise
        },
      })
      if (start === 0) await assign(inbox)
      const ended = deliver(inbox, toMessages(history.events)).catch(() => undefined)
      graves.push({ bury: () => grave.resolve(), ended })
      await died.promise
      // what the server does with the transaction of a dead client
      await bench.sql(
        `select pg_terminate_backend(pid, 5000) from pg_stat_activity
         where datname = current_database() and state = 'idle in transaction'`,
      )
    }
    await deliver(buildInbox(bench.pool), toMessages(history.events))
    expect(await bench.sql(applied)).toEqual(['1', '2', '3'])
    expect(await bench.sql('select count(*) from inbox_test.parked')).toEqual(['0'])
    for (const { bury } of graves) bury()
    await Promise.all(graves.map(({ ended }) => ended))
  })

  it('given a registry that is away for many tries, no record is blamed', async () => {
    const history = newHistory()
    history.create()
    let up = false
    const inbox = buildInbox(bench.pool, {
      decode: (value, headers, signal) =>
        up ? createWriterDecoder(schemaById)(value, headers, signal) : Promise.reject(new Error('away')),
    })
    await assign(inbox)
    for (let i = 0; i < 5; i += 1)
      await expect(deliver(inbox, toMessages(history.events))).rejects.toThrow('away')
    up = true
    await deliver(inbox, toMessages(history.events))
    expect(await bench.sql(applied)).toEqual(['1'])
  })
})

/** Keeps the counts of starts from the database until they are released. */
function holdCounts(pool: Pool) {
  const released = Promise.withResolvers<void>()
  const atEnd = (undo: () => unknown) => void released.promise.then(undo, undo)
  let held = 0
  const hold = (client: Client) => {
    const send = client.query.bind(client) as (statement: unknown) => Promise<unknown>
    let before: unknown
    const query = (statement: { text: string }) => {
      if (!statement.text.includes('set attempts = case')) {
        before = statement
        return send(statement)
      }
      held += 1
      const settings = before
      return released.promise.then(() => {
        void send(settings)
        return send(statement)
      })
    }
    Object.assign(client, { query })
    atEnd(() => Reflect.deleteProperty(client, 'query'))
  }
  pool.on('acquire', hold)
  atEnd(() => pool.off('acquire', hold))
  const fail = () => released.reject(new Error('the count is lost'))
  return { held: () => held, release: released.resolve, fail }
}
