import { integer } from '@synap/runtime'
import { z } from 'zod'
import type { Limits } from './limits.ts'
import { nanosOf, pricesText } from './prices.ts'

const count = () => integer(0, Number.MAX_SAFE_INTEGER).optional()
const dollars = () =>
  z
    .string()
    .regex(/^\d{1,6}(\.\d{1,9})?$/, 'an amount of US dollars is expected')
    .transform(Number)
    .optional()

/** What models cost, and how much may be used from midnight to midnight in UTC. Without a setting there is no limit. */
export const budgetConfig = {
  /** `model=input/output,…` in US dollars for a million tokens. */
  enrichPrices: pricesText,
  /** Of everybody together. */
  enrichDailyCalls: count(),
  enrichDailyTokens: count(),
  enrichDailyCost: dollars(),
  /** Of each user who was given no budget of their own. */
  enrichUserDailyCalls: count(),
  enrichUserDailyTokens: count(),
  enrichUserDailyCost: dollars(),
}

export type BudgetConfig = z.output<z.ZodObject<typeof budgetConfig>>

/** Both limits that the settings name. */
export function limitsOf(config: Partial<BudgetConfig>): { all: Limits; user: Limits } {
  return {
    all: limits(config.enrichDailyCalls, config.enrichDailyTokens, config.enrichDailyCost),
    user: limits(config.enrichUserDailyCalls, config.enrichUserDailyTokens, config.enrichUserDailyCost),
  }
}

function limits(calls?: number, tokens?: number, cost?: number): Limits {
  return {
    calls: calls ?? null,
    tokens: tokens ?? null,
    costNanos: cost === undefined ? null : nanosOf(cost),
  }
}
