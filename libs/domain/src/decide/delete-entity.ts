import type { EntityId } from '@synap/core'
import type { EntityState } from '../state.ts'
import { accept, type Decision, type DecisionContext, record } from './decision.ts'
import { refuse } from './refusal.ts'

export interface DeleteEntity {
  readonly kind: 'delete'
  readonly entityId: EntityId
}

/** Hides an entity; it can be restored until it is purged. */
export function decideDelete(
  { entityId }: DeleteEntity,
  state: EntityState | undefined,
  context: DecisionContext,
): Decision {
  if (state === undefined || state.deleted) return refuse('entity.not_found', 'There is no such entity.')
  const target = { id: entityId, aggregateType: 'entity', state } as const
  return accept(record(target, [{ type: 'entity.deleted', delta: {} }], context))
}
