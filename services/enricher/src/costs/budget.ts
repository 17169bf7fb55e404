import { uuidv7 } from '@synap/core'
import type { Client, Pool } from '@synap/postgres'
import { counter } from '@synap/telemetry'
import { inTransaction } from '../database.ts'
import { Deferred } from '../deferred.ts'
import { findPause, insertCall, leaveCall, lockAccounts, type NewCall, settleCall } from '../sql/spending.ts'
import { brokenLimit, type LimitName } from './limits.ts'
import { costNanos, type Prices, type Tokens } from './prices.ts'

/** A call that somebody wants to make, with what it will use at most. */
export type Wanted = Omit<NewCall, 'callId' | 'day' | 'costNanos'>

/** What came of it: what the server says was used, as far as it answered. */
export interface Came extends Tokens {
  requests: number
  errorCode: string | null
}

export interface Budget {
  /**
   * Takes what a call needs, in the caller's transaction. Rejects with `Deferred` when somebody paused such calls, or when
   * a limit of the day is used up: then nothing was taken.
   */
  reserve(client: Client, wanted: Wanted): Promise<NewCall>
  /** Only the first half of that, for a model that costs nothing. */
  refusePaused(client: Client, wanted: Pick<Wanted, 'userId' | 'step'>): Promise<void>
  /** Puts what was used in place of what was taken. */
  settle(call: NewCall, came: Came): Promise<void>
  /** Nobody knows what was used: it counts as taken. */
  leave(call: NewCall, errorCode: string): Promise<void>
}

const dollars = counter('synap_enricher_model_cost_dollars', {
  help: 'What calls of models cost by the prices of the settings, by model; where nobody knows what was used, what was taken for it.',
})
const unpriced = counter('synap_enricher_model_unpriced_calls', {
  help: 'Calls of models without a price in the settings, by model.',
})

/** Work that waits for the next day does not come back all at once. */
const spreadMs = 60_000
const priceWaitMs = 5 * 60_000

/**
 * Holds calls of models to what may be used in a day. Reserved before the call and settled after it, in the database, so
 * that any number of workers and processes overshoot by no more than the difference between guess and answer of what is
 * under way.
 */
export function createBudget({ pool, prices }: { pool: Pool; prices: Prices }): Budget {
  const refusePaused: Budget['refusePaused'] = async (client, { userId, step }) => {
    const pause = await findPause(client, userId, step)
    if (pause !== undefined) throw paused(pause.why)
  }
  return {
    refusePaused,
    async reserve(client, wanted) {
      await refusePaused(client, wanted)
      const cost = costNanos(prices, wanted.model, wanted)
      const { day, tomorrow, accounts } = await lockAccounts(client, wanted.userId)
      const need = { tokens: wanted.inputTokens + wanted.outputTokens, costNanos: cost }
      for (const { scope, limits, spent } of accounts) {
        const broken = brokenLimit(limits, spent, need)
        if (broken !== undefined) throw usedUp(scope, broken, tomorrow)
      }
      const call: NewCall = { ...wanted, callId: uuidv7(), day, costNanos: cost }
      await insertCall(client, call)
      return call
    },
    async settle(call, came) {
      const cost = came.requests === 0 ? 0 : costNanos(prices, call.model, came)
      measure(call.model, cost)
      await inTransaction(pool, (client) => settleCall(client, call, { ...came, costNanos: cost }))
    },
    async leave(call, errorCode) {
      measure(call.model, call.costNanos)
      await inTransaction(pool, (client) => leaveCall(client, call.callId, errorCode))
    },
  }
}

function measure(model: string, nanos: number | null): void {
  if (nanos === null) unpriced.add(1, { model })
  else dollars.add(nanos / 1_000_000_000, { model })
}

function paused(why: string | null): Deferred {
  const text = why === null ? 'paused until somebody resumes it' : `paused until somebody resumes it: ${why}`
  return new Deferred(text, { code: 'enrichment.paused', until: null })
}

const names: Record<LimitName, string> = { calls: 'calls', tokens: 'tokens', cost: 'money' }

function usedUp(scope: 'all' | 'user', broken: LimitName | 'price', tomorrow: number): Deferred {
  if (broken === 'price') {
    return new Deferred('there is a limit of money, and the model has no price in the settings', {
      code: 'budget.price_unknown',
      until: Date.now() + priceWaitMs,
    })
  }
  const whose = scope === 'all' ? 'everybody together' : 'this user'
  return new Deferred(`the ${names[broken]} that ${whose} may use in a day are used up`, {
    code: `budget.${scope}_${broken}`,
    until: tomorrow + Math.round(spreadMs * Math.random()),
  })
}
