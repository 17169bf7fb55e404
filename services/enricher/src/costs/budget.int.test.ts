import { type UserId, uuidv7 } from '@synap/core'
import { createPool, type Pool, query } from '@synap/postgres'
import { metricsText } from '@synap/telemetry'
import { collectSpans, type SpanCollector } from '@synap/telemetry/testing'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { inTransaction } from '../database.ts'
import { Deferred } from '../deferred.ts'
import { type NewCall, replaceSettings } from '../sql/spending.ts'
import { type Budget, createBudget, type Wanted } from './budget.ts'
import type { Limits } from './limits.ts'
import { pricesText } from './prices.ts'

const none: Limits = { calls: null, tokens: null, costNanos: null }
const prices = pricesText.parse('m=1/10')

let database: TestDatabase
let pool: Pool
let budget: Budget
let telemetry: SpanCollector
beforeAll(async () => {
  telemetry = collectSpans()
  database = await createTestDatabase(['enricher'])
  pool = createPool({ url: database.url, applicationName: 'budget-test', max: 20 })
  budget = createBudget({ pool, prices })
}, 120_000)
afterAll(async () => {
  await telemetry?.close()
  await pool?.end()
  await database?.close()
})
beforeEach(async () => {
  await database.superuserSql(
    'truncate enrich.spending, enrich.calls, enrich.pauses, enrich.budgets, enrich.limits',
  )
})

const user = () => uuidv7() as UserId
const limit = (all: Partial<Limits>, each: Partial<Limits> = {}) =>
  inTransaction(pool, (client) =>
    replaceSettings(client, prices, { all: { ...none, ...all }, user: { ...none, ...each } }),
  )
const want = (userId: UserId, more: Partial<Wanted> = {}): Wanted => ({
  userId,
  entityId: uuidv7(),
  jobId: uuidv7(),
  step: 'analyse',
  provider: 'openai',
  model: 'm',
  inputTokens: 100,
  outputTokens: 10,
  ...more,
})
const reserve = (wanted: Wanted) => inTransaction(pool, (client) => budget.reserve(client, wanted))
const tried = (wanted: Wanted): Promise<NewCall | Deferred> =>
  reserve(wanted).catch((error: unknown) => {
    if (error instanceof Deferred) return error
    throw error
  })
const spentBy = async (scope: string) => {
  const rows = await inTransaction(pool, (client) =>
    query<{ calls: number; tokens: number; cost_nanos: number; unpriced_calls: number }>(client, {
      text: 'select calls, tokens, cost_nanos, unpriced_calls from enrich.spending where scope = $1::uuid',
      values: [scope],
    }),
  )
  return rows[0]
}

describe('a budget', () => {
  it('given workers of many processes at once, when there is room for ten calls, then exactly ten are made', async () => {
    await limit({ calls: 10 })
    const users = Array.from({ length: 4 }, user)
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => tried(want(users[index % 4] ?? user()))),
    )
    const deferred = answers.filter((answer) => answer instanceof Deferred)
    expect(deferred).toHaveLength(50)
    expect(new Set(deferred.map(({ code }) => code))).toEqual(new Set(['budget.all_calls']))
  })

  it('given a limit for each user, when one has used it up, then another goes on, and the day begins at midnight in UTC', async () => {
    await limit({}, { calls: 1 })
    const [one, other] = [user(), user()]
    expect(await tried(want(one))).not.toBeInstanceOf(Deferred)
    const before = new Date()
    const deferred = await tried(want(one))
    expect(deferred).toMatchObject({ code: 'budget.user_calls' })
    const midnight = new Date(before).setUTCHours(24, 0, 0, 0)
    const { until } = deferred as Deferred
    expect(until).toBeGreaterThanOrEqual(midnight)
    expect(until).toBeLessThanOrEqual(midnight + 86_400_000)
    expect(await tried(want(other))).not.toBeInstanceOf(Deferred)
  })

  it('given a call that used less than was taken, when settled, then the rest is free again', async () => {
    await limit({ tokens: 150 })
    const userId = user()
    const call = await reserve(want(userId))
    expect(await tried(want(userId))).toMatchObject({ code: 'budget.all_tokens' })
    await budget.settle(call, { requests: 1, inputTokens: 20, outputTokens: 5, errorCode: null })
    expect(await spentBy(userId)).toEqual({ calls: 1, tokens: 25, cost_nanos: 70_000, unpriced_calls: 0 })
    expect(await tried(want(userId))).not.toBeInstanceOf(Deferred)
  })

  it('given calls with and without a price, when settled or left, then Prometheus reads dollars and what is not priced', async () => {
    await limit({})
    const userId = user()
    const came = { requests: 1, inputTokens: 1_000_000, outputTokens: 100_000, errorCode: null }
    const before = await metricsText()
    expect(before).not.toContain('model="unknown"')
    await budget.settle(await reserve(want(userId)), came)
    await budget.settle(await reserve(want(userId, { model: 'unknown' })), came)
    const text = await metricsText()
    const dollarsIn = (metrics: string) =>
      Number(/^synap_enricher_model_cost_dollars_total\{model="m"\} (\S+)$/mu.exec(metrics)?.[1] ?? 0)
    expect(dollarsIn(text) - dollarsIn(before)).toBeCloseTo(2, 6)
    expect(text).toContain('synap_enricher_model_unpriced_calls_total{model="unknown"} 1')
    await budget.leave(
      await reserve(want(userId, { inputTokens: 500_000, outputTokens: 0 })),
      'deadline.exceeded',
    )
    expect(dollarsIn(await metricsText()) - dollarsIn(text)).toBeCloseTo(0.5, 6)
  })

  it('given a call that was settled, when settled again, then it counts once', async () => {
    await limit({})
    const userId = user()
    const call = await reserve(want(userId))
    const came = { requests: 1, inputTokens: 20, outputTokens: 5, errorCode: null }
    await budget.settle(call, came)
    await budget.settle(call, came)
    expect(await spentBy(userId)).toMatchObject({ calls: 1, tokens: 25 })
  })

  it('given a process that died in mid-call, when nobody settles it, then it counts as it was estimated', async () => {
    await limit({})
    const userId = user()
    await reserve(want(userId))
    expect(await spentBy(userId)).toEqual({ calls: 1, tokens: 110, cost_nanos: 200_000, unpriced_calls: 0 })
  })

  it('given a server that refused, when settled, then nothing was used', async () => {
    await limit({})
    const userId = user()
    const call = await reserve(want(userId))
    await budget.settle(call, {
      requests: 0,
      inputTokens: 0,
      outputTokens: 0,
      errorCode: 'model.unavailable',
    })
    expect(await spentBy(userId)).toEqual({ calls: 0, tokens: 0, cost_nanos: 0, unpriced_calls: 0 })
  })

  it('given a model without a price, when used, then its cost is unknown; under a limit of money it is held back', async () => {
    await limit({})
    const userId = user()
    const call = await reserve(want(userId, { model: 'unheard-of' }))
    await budget.settle(call, { requests: 1, inputTokens: 20, outputTokens: 5, errorCode: null })
    expect(await spentBy(userId)).toMatchObject({ calls: 1, cost_nanos: 0, unpriced_calls: 1 })
    const [row] = await database.superuserSql(
      'select coalesce(cost_nanos::text, $$unknown$$) from enrich.calls',
    )
    expect(row).toBe('unknown')
    await limit({ costNanos: 1_000_000 })
    expect(await tried(want(userId, { model: 'unheard-of' }))).toMatchObject({ code: 'budget.price_unknown' })
  })

  it('given a budget of one user, when there is one, then it counts in place of the limit for each', async () => {
    await limit({}, { calls: 1 })
    const [rich, poor] = [user(), user()]
    await database.superuserSql(
      `insert into enrich.budgets (user_id, calls) values ('${rich}', 3), ('${poor}', 0)`,
    )
    const of = async (userId: UserId) => {
      const answers = [
        await tried(want(userId)),
        await tried(want(userId)),
        await tried(want(userId)),
        await tried(want(userId)),
      ]
      return answers.filter((answer) => !(answer instanceof Deferred)).length
    }
    expect([await of(rich), await of(poor), await of(user())]).toEqual([3, 0, 1])
  })

  it.each([
    ['everybody, all calls', 'null', 'all', ['analyse', 'embed']],
    ['everybody, one kind', 'null', 'embed', ['embed']],
    ['one user, all calls', 'mine', 'all', ['analyse', 'embed']],
    ['another user', 'other', 'all', []],
  ] as const)(
    'given a pause of %s, when asked, then what it names is held back until it is lifted',
    async (_, whose, kind, held) => {
      await limit({})
      const mine = user()
      const of = whose === 'null' ? 'null' : `'${whose === 'mine' ? mine : user()}'`
      await database.superuserSql(
        `insert into enrich.pauses (user_id, kind, by_operator) values (${of}, '${kind}', true)`,
      )
      const answers = await Promise.all(
        (['analyse', 'embed'] as const).map(async (step) => ({
          step,
          answer: await tried(want(mine, { step })),
        })),
      )
      const stopped = answers.filter(({ answer }) => answer instanceof Deferred)
      expect(stopped.map(({ step }) => step)).toEqual(held)
      for (const { answer } of stopped)
        expect(answer).toMatchObject({ code: 'enrichment.paused', until: null })
    },
  )
})
