import type { Suggestion, SuggestionField } from '@synap/contracts'
import type { EntityState } from '../state.ts'
import { normaliseTagName } from '../tag-name.ts'

type Rejected = EntityState['rejected'][number]

/** The form in which proposals are compared, so that another spelling of a rejected one stays rejected. */
export function normaliseProposal(field: SuggestionField, value: string): Rejected {
  return {
    field,
    value: field === 'tag' ? normaliseTagName(value) : value.normalize('NFC').trim().toLowerCase(),
  }
}

export function isRejected(
  state: Pick<EntityState, 'rejected'>,
  field: SuggestionField,
  value: string,
): boolean {
  const proposal = normaliseProposal(field, value)
  return state.rejected.some((rejected) => same(rejected, proposal))
}

export function withRejected(
  state: EntityState,
  field: SuggestionField,
  value: string,
): EntityState['rejected'] {
  return isRejected(state, field, value)
    ? state.rejected
    : [...state.rejected, normaliseProposal(field, value)]
}

/** A person who sets a value wants it, whatever was rejected before. */
export function withoutRejected(
  state: EntityState,
  field: SuggestionField,
  value: string,
): EntityState['rejected'] {
  const wanted = normaliseProposal(field, value)
  return state.rejected.filter((rejected) => !same(rejected, wanted))
}

/** Once a field is set, what was suggested for it is settled. */
export function settle(state: EntityState, field: SuggestionField): EntityState['suggestions'] {
  return state.suggestions.filter((suggestion) => suggestion.field !== field)
}

/** A suggestion is settled by its own value only where a field has several, as tags have. */
export function settleValue(
  state: EntityState,
  { field, value }: Pick<Suggestion, 'field' | 'value'>,
): EntityState['suggestions'] {
  const settled = normaliseProposal(field, value)
  return state.suggestions.filter((open) => !same(normaliseProposal(open.field, open.value), settled))
}

function same(a: Rejected, b: Rejected): boolean {
  return a.field === b.field && a.value === b.value
}
