import type { RelationType } from '@synap/contracts'
import { type EntityId, type RelationId, type UserId, uuidv5 } from '@synap/core'
import type { EntityState, RelationState } from '../state.ts'
import { accept, type Decision, type DecisionContext, reading, record, type Target } from './decision.ts'
import { type Refused, refuse } from './refusal.ts'

export interface CreateRelation {
  readonly kind: 'createRelation'
  /** From `relationIdOf`. */
  readonly relationId: RelationId
  readonly type: RelationType
  readonly source: EntityId
  readonly target: EntityId
}

export interface DeleteRelation {
  readonly kind: 'deleteRelation'
  readonly relationId: RelationId
}

export interface RelationStates {
  readonly relation: RelationState | undefined
  readonly source: EntityState | undefined
  readonly target: EntityState | undefined
}

/** Two notes that relate to each other do so in both directions. */
const symmetric: readonly RelationType[] = ['relates_to']

/** One relation of a type between two entities of a user, for ever: what is made again after a deletion is the same. */
export function relationIdOf(
  userId: UserId,
  type: RelationType,
  source: EntityId,
  target: EntityId,
): RelationId {
  const ends = symmetric.includes(type) ? [source, target].sort() : [source, target]
  return uuidv5(userId, `relation:${type}:${ends.join(':')}`) as RelationId
}

/** Connects two entities that are there; the decision holds only while both are. */
export function decideCreateRelation(
  { relationId, type, source: sourceId, target: targetId }: CreateRelation,
  { relation, source, target }: RelationStates,
  context: DecisionContext,
): Decision {
  if (sourceId === targetId) {
    return refuse('relation.to_itself', 'An entity cannot be connected with itself: name two entities.')
  }
  const refusal = endRefusal('source', source) ?? endRefusal('target', target)
  if (refusal !== undefined) return refusal
  if (relation !== undefined && !relation.deleted) {
    return refuse('relation.exists', `These two are connected so already: ${relation.id}.`)
  }
  const written: Target = { id: relationId, aggregateType: 'relation', state: relation }
  const created = record(
    written,
    [{ type: 'relation.created', delta: { type, sourceId, targetId } }],
    context,
  )
  return reading(
    accept(created),
    { id: sourceId, aggregateType: 'entity', state: source },
    { id: targetId, aggregateType: 'entity', state: target },
  )
}

/** Takes a connection away, whatever has become of its ends. */
export function decideDeleteRelation(
  { relationId }: DeleteRelation,
  relation: RelationState | undefined,
  context: DecisionContext,
): Decision {
  if (relation === undefined || relation.deleted) {
    return refuse('relation.not_found', 'There is no such relation.')
  }
  const { type, source: sourceId, target: targetId } = relation
  const target: Target = { id: relationId, aggregateType: 'relation', state: relation }
  return accept(record(target, [{ type: 'relation.deleted', delta: { type, sourceId, targetId } }], context))
}

/** Another user's entity is not among this user's states, so it is as unknown as any other. */
export function endRefusal(end: 'source' | 'target', state: EntityState | undefined): Refused | undefined {
  if (state === undefined || state.purged) {
    return refuse('relation.end_not_found', `There is no entity with the id of the ${end}.`)
  }
  return state.deleted
    ? refuse('relation.end_not_found', `The ${end} is deleted: restore it first.`)
    : undefined
}
