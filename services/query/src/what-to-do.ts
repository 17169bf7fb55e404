import type { FailureGroup } from '@synap/contracts'

const usedUp = 'Nothing: what may be used in a day is used up, and it goes on with the next (UTC).'

const byReason: Readonly<Record<string, string>> = {
  'object.not_found': 'Its content is not in the object store: put it there again, or delete the item.',
  'content.corrupt': 'Its content is damaged in the object store: put it there again, or delete the item.',
  'object.checksum_mismatch':
    'Its content is damaged in the object store: put it there again, or delete the item.',
  'model.unauthorised':
    'The model does not take our key: set another, then: ./synap enrich retry --reason REASON',
  'model.configuration':
    'The model is not set up as it has to be: correct that, then: ./synap enrich retry --reason REASON',
  'model.not_found': 'There is no such model: name another, then: ./synap enrich retry --reason REASON',
  'model.not_configured':
    'The model of your vectors is not set up here: set it up again, or switch: ./synap enrich run --embeddings',
  'model.quota_exhausted':
    'The account with the model is used up: fill it, then: ./synap enrich retry --reason REASON',
  'enrichment.paused': 'It is paused: ./synap enrich status says by whom, ./synap enrich resume goes on.',
  'model.breaker_open':
    'The model server fails again and again and is left alone for a while: see that it runs. It goes on by itself.',
  'budget.price_unknown':
    'There is a limit of money, and the model has no price: name it in ENRICH_PRICES, or take the limit away.',
  'budget.user_calls': usedUp,
  'budget.user_tokens': usedUp,
  'budget.user_cost': usedUp,
  'budget.all_calls': usedUp,
  'budget.all_tokens': usedUp,
  'budget.all_cost': usedUp,
}

/** One sentence for whoever sees a failure. */
export function whatToDo(state: FailureGroup['state'], reason: string): string {
  if (state === 'parked') return 'An operator looks at it: ./synap parked list'
  const known = byReason[reason]
  if (known !== undefined) return known
  if (state === 'deferred') return 'Nothing: it goes on by itself.'
  if (state === 'retrying') return 'Nothing: it is tried again by itself.'
  return 'Try it again: ./synap enrich retry --item ID, or POST /v1/enrichment:retry'
}
