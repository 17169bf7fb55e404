import { limits } from '@synap/contracts'
import type { EntityId, TagId, UserId } from '@synap/core'
import { canonicalTagId, currentTag } from '../canonical-tag.ts'
import type { Fact } from '../event.ts'
import type { EntityState, UserState } from '../state.ts'
import { normaliseTagName, tidyTagName } from '../tag-name.ts'
import { type ChangeDecision, change, type DecisionContext, reading, type Target } from './decision.ts'
import { type Refused, refuse } from './refusal.ts'
import { entityRefusal, isWritable, userRefusal } from './writable.ts'

export interface PutTag {
  readonly kind: 'putTag'
  readonly entityId: EntityId
  readonly userId: UserId
  /** Its name, and the id that the user's tags have for it. */
  readonly tag: { readonly id: TagId; readonly name: string }
}

export interface DeleteTag {
  readonly kind: 'deleteTag'
  readonly entityId: EntityId
  readonly userId: UserId
  readonly tag: { readonly id: TagId; readonly name: string }
}

export interface TagStates {
  readonly entity: EntityState | undefined
  /** The user, who says which tags were renamed and merged. */
  readonly user: UserState | undefined
}

/** Puts a tag on an entity, once, whatever it was called before and whatever it was merged from. */
export function decidePutTag(
  { entityId, userId, tag }: PutTag,
  { entity, user }: TagStates,
  context: DecisionContext,
): ChangeDecision {
  if (!isWritable(entity)) return entityRefusal(entity) as Refused
  const refusal = userRefusal(user)
  if (refusal !== undefined) return refusal
  const { id, name } = currentTag(user, { id: tag.id, name: tidyTagName(tag.name) })
  if (hasTag(entity, user, id)) return { outcome: 'unchanged' }
  if (entity.tags.length >= limits.tagsPerEntity) return tooManyTags()
  const facts: Fact[] = [{ type: 'entity.tag_added', delta: { tagId: id, name } }]
  return withUser(change(entityTarget(entityId, entity), facts, context), userId, user)
}

/** Takes a tag off. One that was merged is on an entity under its old id too: all of them go. */
export function decideDeleteTag(
  { entityId, userId, tag }: DeleteTag,
  { entity, user }: TagStates,
  context: DecisionContext,
): ChangeDecision {
  if (!isWritable(entity)) return entityRefusal(entity) as Refused
  const refusal = userRefusal(user)
  if (refusal !== undefined) return refusal
  const wanted = normaliseTagName(currentTag(user, tag).name)
  const onIt = entity.tags.find((candidate) => {
    const { id, name } = currentTag(user, candidate)
    return id === canonicalTagId(user, tag.id) || normaliseTagName(name) === wanted
  })
  if (onIt === undefined) return refuse('entity.tag_not_found', 'This entity does not have this tag.')
  const facts = removalFacts(entity, user, onIt.id)
  return withUser(change(entityTarget(entityId, entity), facts, context), userId, user)
}

/** True when the entity has this tag under any of its ids. */
export function hasTag(entity: EntityState, user: UserState | undefined, id: TagId): boolean {
  const wanted = canonicalTagId(user, id)
  return entity.tags.some((tag) => canonicalTagId(user, tag.id) === wanted)
}

/** Removes a tag under each id that the entity, or its read model after a merge, has for it. */
export function removalFacts(entity: EntityState, user: UserState | undefined, id: TagId): Fact[] {
  const canonical = canonicalTagId(user, id)
  const own = entity.tags.filter((tag) => canonicalTagId(user, tag.id) === canonical)
  const [first] = own
  if (first === undefined) return []
  const removed = own.map(({ id: tagId, name }) => ({ tagId, name }))
  if (own.every((tag) => tag.id !== canonical)) {
    removed.push({ tagId: canonical, name: currentTag(user, first).name })
  }
  return removed.map((delta) => ({ type: 'entity.tag_removed', delta }))
}

export function tooManyTags(): Refused {
  return refuse(
    'entity.too_many_tags',
    `An entity has at most ${limits.tagsPerEntity} tags: take one off first.`,
  )
}

function entityTarget(id: EntityId, state: EntityState): Target {
  return { id, aggregateType: 'entity', state }
}

/** A decision about tags holds only while nobody renames or merges any. */
export function withUser(
  decision: ChangeDecision,
  userId: UserId,
  user: UserState | undefined,
): ChangeDecision {
  if (decision.outcome !== 'accepted') return decision
  return reading(decision, { id: userId, aggregateType: 'user', state: user })
}
