import { type EntityType, type JsonObject, type KindInputs, metadataObjectProblem } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import type { Fact } from '../event.ts'
import { kindFacts } from '../kind-tables.ts'
import { applyMergePatch, inverseMergePatch, sameJson } from '../merge-patch.ts'
import type { EntityState } from '../state.ts'
import { type ChangeDecision, change, type DecisionContext } from './decision.ts'
import { type Refused, refuse } from './refusal.ts'
import { entityRefusal, isWritable } from './writable.ts'

/** Besides, under the name of its type, what only that type has. */
export interface PatchEntity extends KindInputs {
  readonly kind: 'patch'
  readonly entityId: EntityId
  /** Left out: as it is. Null: none. */
  readonly title?: string | null | undefined
  readonly type?: EntityType | undefined
  /** JSON merge patch (RFC 7396): null removes a key. */
  readonly metadata?: JsonObject | undefined
}

/** Changes what it names and says only what differs: one event for each thing that is another one afterwards. */
export function decidePatch(
  command: PatchEntity,
  state: EntityState | undefined,
  context: DecisionContext,
): ChangeDecision {
  if (!isWritable(state)) return entityRefusal(state) as Refused
  const refusal = refusalOf(command, state)
  if (refusal !== undefined) return refusal
  const own = kindFacts(state, command.type ?? state.type, command)
  if ('outcome' in own) return own
  const facts = [
    ...typeFacts(state, command.type),
    ...titleFacts(state, command.title),
    ...own,
    ...metadataFacts(state, command.metadata),
  ]
  return change({ id: command.entityId, aggregateType: 'entity', state }, facts, context)
}

function refusalOf({ title, metadata }: PatchEntity, state: EntityState): Refused | undefined {
  if (title === null && state.content === null) {
    return refuse('entity.empty', 'An entity without content needs a title: delete it instead.')
  }
  return metadata === undefined ? undefined : metadataRefusal(applyMergePatch(state.metadata, metadata))
}

export function metadataRefusal(metadata: JsonObject): Refused | undefined {
  const problem = metadataObjectProblem(metadata)
  return problem === undefined
    ? undefined
    : refuse('entity.metadata_invalid', `The metadata as a whole ${problem}: remove something from it.`)
}

export function typeFacts(state: EntityState, type: EntityType | undefined): Fact[] {
  if (type === undefined || type === state.type) return []
  return [{ type: 'entity.type_changed', delta: { type, oldType: state.type } }]
}

export function titleFacts(state: EntityState, title: string | null | undefined): Fact[] {
  if (title === undefined || title === state.title) return []
  return [{ type: 'entity.title_changed', delta: { title, oldTitle: state.title } }]
}

export function metadataFacts(state: EntityState, patch: JsonObject | undefined): Fact[] {
  if (patch === undefined || sameJson(applyMergePatch(state.metadata, patch), state.metadata)) return []
  const inverse = inverseMergePatch(state.metadata, patch)
  return [
    { type: 'entity.updated', delta: { patch: JSON.stringify(patch), inverse: JSON.stringify(inverse) } },
  ]
}
