import type { EnrichmentPause, ModelCost } from '@synap/contracts'
import { plain } from '../output.ts'
import { shortTime } from '../relative-time.ts'

const number = (value: number) => value.toLocaleString('en')

/** `$0.0123`; small sums keep the digits that tell them from nothing. */
export function dollars(cost: number): string {
  if (cost === 0) return '$0'
  return `$${cost >= 1 ? cost.toFixed(2) : Number(cost.toPrecision(3))}`
}

/** `12 calls, 3,400 tokens, $0.0021`, and what is not known of it. */
export function costSentence({ calls, tokens, cost, unpricedCalls }: ModelCost): string {
  const used = `${number(calls)} ${calls === 1 ? 'call' : 'calls'}, ${number(tokens)} tokens`
  if (cost === null) return `${used}, price unknown`
  const rest = unpricedCalls === 0 ? '' : ` and what ${number(unpricedCalls)} calls without a price cost`
  return `${used}, ${dollars(cost)}${rest}`
}

const kinds = { all: 'All calls of models', analyse: 'Analysis', embed: 'Embedding' } as const

/** `Embedding is paused for everybody since 2 h ago: the bill.` */
export function pauseSentence({ kind, user, byOperator, why, since }: EnrichmentPause): string {
  const whom = user === null ? 'everybody' : byOperator ? `${user}, by an operator,` : user
  const reason = why === null ? '' : `: ${plain(why)}`
  return `${kinds[kind]} ${kind === 'all' ? 'are' : 'is'} paused for ${whom} since ${shortTime(since)}${reason}.`
}
