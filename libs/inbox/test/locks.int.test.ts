import { silentLogger } from '@synap/messaging'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createRecordInbox } from '../src/record-inbox.ts'
import {
  applyEffects,
  assign,
  assignAll,
  type Bench,
  buildInbox,
  createBench,
  deliver,
  newHistory,
  role,
  schema,
} from './bench.ts'
import { toMessages } from './history.ts'

describe('two that work at once', () => {
  let bench: Bench
  beforeAll(async () => {
    bench = await createBench()
  })
  afterAll(() => bench.close())
  beforeEach(() =>
    bench.sql(
      'truncate inbox_test.positions, inbox_test.user_positions, inbox_test.parked, inbox_test.parked_history, inbox_test.effects',
    ),
  )

  /** Resolves when some transaction waits for a lock that another one holds. */
  const somebodyWaits = () =>
    eventually('one waits for the other', async () => {
      const [count] = await bench.sql(
        `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return count === '1'
    })

  it('given a zombie in the middle of a batch, the owner of the partition waits and then has nothing to do', async () => {
    const inTheMiddle = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const build = (apply: () => Promise<void>) =>
      createRecordInbox<string>({
        schema,
        role,
        consumer: 'inbox-test',
        pool: bench.pool,
        logger: silentLogger,
        decode: async ({ key }) => ({ ok: true, record: key ?? '' }),
        apply,
      })
    let applied = 0
    const zombie = build(async () => {
      inTheMiddle.resolve()
      await goOn.promise
      applied += 1
    })
    const owner = build(async () => {
      applied += 1
    })
    await zombie.resumeAt('things', 0, { low: 0n, high: 0n })
    const records = toMessages([{ key: 'a', value: null, headers: {} }], { topic: 'things' })
    const first = deliver(zombie, records)
    await inTheMiddle.promise
    const second = deliver(owner, records)
    await Promise.race([somebodyWaits(), second])
    expect(applied).toBe(0)
    goOn.resolve()
    await Promise.all([first, second])
    expect(applied).toBe(1)
  })

  it('given a batch in flight, the comparison with the heads waits for it and fetches nothing twice', async () => {
    const history = newHistory()
    history.create()
    history.create()
    const inTheMiddle = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const busy = buildInbox(bench.pool, {
      apply: async (client, events) => {
        inTheMiddle.resolve()
        await goOn.promise
        await applyEffects(client, events)
      },
    })
    let appliedByChecker = 0
    const checker = buildInbox(bench.pool, {
      apply: async (client, events) => {
        appliedByChecker += events.length
        await applyEffects(client, events)
      },
      fetchEvents: async (_, from, to) => history.fetch(from, to),
      fetchHeads: async () => ({ items: [{ userId: history.userId, sequence: 2 }], next: null }),
    })
    await assignAll(checker)
    const before = buildInbox(bench.pool)
    await assign(before)
    await deliver(before, toMessages(history.events.slice(0, 1)))
    const delivered = deliver(busy, toMessages(history.events.slice(1), { firstOffset: 1 }))
    await inTheMiddle.promise
    const checked = checker.checkHeads()
    await Promise.race([somebodyWaits(), checked])
    goOn.resolve()
    await Promise.all([delivered, checked])
    expect(appliedByChecker).toBe(0)
    expect(await bench.sql('select sequence from inbox_test.effects')).toEqual(['1', '2'])
    expect(await bench.sql('select reason from inbox_test.parked')).toEqual([])
  })
})
