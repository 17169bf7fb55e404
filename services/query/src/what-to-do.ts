import type { FailureGroup } from '@synap/contracts'

const byReason: Readonly<Record<string, string>> = {
  'object.not_found': 'Its content is not in the object store: put it there again, or delete the item.',
  'content.corrupt': 'Its content is damaged in the object store: put it there again, or delete the item.',
  'object.checksum_mismatch':
    'Its content is damaged in the object store: put it there again, or delete the item.',
  'model.unauthorised': 'The model does not take our key: set another, then ask for enrichment again.',
  'model.configuration':
    'The model is not set up as it has to be: correct that, then ask for enrichment again.',
  'model.not_found': 'There is no such model: name another, then ask for enrichment again.',
  'model.quota_exhausted': 'The account with the model is used up: fill it, then ask for enrichment again.',
}

/** One sentence for whoever sees a failure. */
export function whatToDo(state: FailureGroup['state'], reason: string): string {
  if (state === 'parked') return 'An operator looks at it: ./synap parked list'
  const known = byReason[reason]
  if (known !== undefined) return known
  if (state === 'retrying') return 'Nothing: it is tried again by itself.'
  return 'Ask for it again: ./synap enrich ID, or POST /v1/entities/{id}:enrich'
}
