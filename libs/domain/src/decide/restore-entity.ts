import type { EntityId } from '@synap/core'
import type { EntityState } from '../state.ts'
import { accept, type Decision, type DecisionContext, record } from './decision.ts'
import { refuse } from './refusal.ts'
import { entityRefusal } from './writable.ts'

export interface RestoreEntity {
  readonly kind: 'restore'
  readonly entityId: EntityId
}

export interface PurgeEntity {
  readonly kind: 'purge'
  readonly entityId: EntityId
}

/** Takes a deletion back. */
export function decideRestore(
  { entityId }: RestoreEntity,
  state: EntityState | undefined,
  context: DecisionContext,
): Decision {
  if (state?.deleted === true && !state.purged) {
    const target = { id: entityId, aggregateType: 'entity', state } as const
    return accept(record(target, [{ type: 'entity.restored', delta: {} }], context))
  }
  return entityRefusal(state) ?? refuse('entity.not_deleted', 'This entity is not deleted.')
}

/** Removes an entity for good, deleted before or not. Nothing takes it back. */
export function decidePurge(
  { entityId }: PurgeEntity,
  state: EntityState | undefined,
  context: DecisionContext,
): Decision {
  if (state === undefined || state.purged) return refuse('entity.not_found', 'There is no such entity.')
  const target = { id: entityId, aggregateType: 'entity', state } as const
  return accept(record(target, [{ type: 'entity.purged', delta: {} }], context))
}
