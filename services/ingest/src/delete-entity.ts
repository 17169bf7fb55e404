import type { EntityId } from '@synap/core'
import { decide, type EntityState } from '@synap/domain'
import { type Caller, decisionContextOf, type RequestKey } from './caller.ts'
import { decideAndAppend, resultFor, type WriteDependencies, type WriteOutcome } from './decide-and-append.ts'
import { readAggregates } from './read-aggregates.ts'

export interface DeleteEntityRequest {
  caller: Caller
  entityId: EntityId
  /** From `If-Match`; undefined = whatever it is. */
  expectedVersion: number | undefined
  request: RequestKey | null
}

/** Hides an entity. It can be restored until it is purged. */
export function deleteEntity(
  dependencies: WriteDependencies,
  { caller, entityId, expectedVersion, request }: DeleteEntityRequest,
): Promise<WriteOutcome | { outcome: 'stale'; currentVersion: number }> {
  return decideAndAppend<{ outcome: 'stale'; currentVersion: number }>(dependencies, {
    caller,
    idempotency: request === null ? null : { ...request, attempt: null },
    objects: [],
    decide: async () => {
      const states = await readAggregates(dependencies.pool, caller.userId, [entityId])
      const entity = states.get(entityId) as EntityState | undefined
      if (entity !== undefined && expectedVersion !== undefined && entity.version !== expectedVersion) {
        return { outcome: 'stale', currentVersion: entity.version }
      }
      const decision = decide({ kind: 'delete', entityId }, { entity }, decisionContextOf(caller))
      if (decision.outcome === 'accepted' || decision.outcome === 'refused') return decision
      throw new TypeError('a deletion is accepted or refused')
    },
    resultOf: (accepted) => resultFor(accepted, entityId, caller),
  })
}
