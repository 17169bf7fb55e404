import type { EntityState, UserState } from '../state.ts'
import { type Refused, refuse } from './refusal.ts'

/** Why this entity cannot be changed just now; undefined when it can, and then there is one. */
export function entityRefusal(state: EntityState | undefined): Refused | undefined {
  if (state === undefined) return refuse('entity.not_found', 'There is no such entity.')
  if (state.purged) return refuse('entity.not_found', 'This entity was removed for good.')
  if (state.deleted) return refuse('entity.deleted', 'This entity is deleted: restore it first.')
  return undefined
}

/** A check that narrows: true for an entity that can be changed. */
export function isWritable(state: EntityState | undefined): state is EntityState {
  return entityRefusal(state) === undefined
}

/** Why nothing can be changed for this user; a user of whom nothing is known yet can be anything. */
export function userRefusal(state: UserState | undefined): Refused | undefined {
  return state?.erased === true
    ? refuse('user.erased', 'Everything of this user was removed: nothing can be written any more.')
    : undefined
}
