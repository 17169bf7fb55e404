/** What may be used in a day. Null = as much as there is. */
export interface Limits {
  calls: number | null
  tokens: number | null
  costNanos: number | null
}

/** What was used in a day, what is under way included. */
export interface Spending {
  calls: number
  tokens: number
  costNanos: number
}

/** What a call is thought to need. `costNanos` null: the model has no price. */
export interface Need {
  tokens: number
  costNanos: number | null
}

export type LimitName = 'calls' | 'tokens' | 'cost'

/**
 * The limit that a call would break, or undefined when it may be made. A day on which nothing was used yet lets one call
 * through whatever it needs, or an item larger than the limit would wait for ever; `price` is missing where a limit of
 * money has to be held and the model has no price.
 */
export function brokenLimit(limits: Limits, spent: Spending, need: Need): LimitName | 'price' | undefined {
  if (limits.calls !== null && spent.calls + 1 > limits.calls) return 'calls'
  if (exceeds(limits.tokens, spent.tokens, need.tokens)) return 'tokens'
  if (limits.costNanos === null) return undefined
  if (need.costNanos === null) return 'price'
  return exceeds(limits.costNanos, spent.costNanos, need.costNanos) ? 'cost' : undefined
}

function exceeds(limit: number | null, spent: number, needed: number): boolean {
  if (limit === null || needed === 0) return false
  if (limit === 0) return true
  return spent > 0 && spent + needed > limit
}
