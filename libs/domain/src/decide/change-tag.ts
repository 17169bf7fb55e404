import type { TagId, UserId } from '@synap/core'
import { canonicalTagId, currentTag } from '../canonical-tag.ts'
import type { Fact } from '../event.ts'
import type { UserState } from '../state.ts'
import { tidyTagName } from '../tag-name.ts'
import { type ChangeDecision, change, type DecisionContext } from './decision.ts'
import { type Refused, refuse } from './refusal.ts'
import { userRefusal } from './writable.ts'

/** A tag as the user's tags have it: unique by id and by normalised name. */
export interface RegisteredTag {
  readonly id: TagId
  readonly name: string
}

export interface ChangeTag {
  readonly kind: 'changeTag'
  readonly userId: UserId
  readonly tagId: TagId
  /** What the user's tags have under this id; undefined: nothing. */
  readonly current: RegisteredTag | undefined
  /** Left out: as it is. */
  readonly name?: string | undefined
  /** The tag that has the new name (normalised) already; undefined: none. */
  readonly holder?: RegisteredTag | undefined
  /** `#rrggbb`, null for none. Left out: as it is. */
  readonly color?: string | null | undefined
}

export interface MergeTag {
  readonly kind: 'mergeTag'
  readonly userId: UserId
  /** The tag that will be gone. */
  readonly tagId: TagId
  readonly current: RegisteredTag | undefined
  /** The tag that takes its place. */
  readonly intoId: TagId
  readonly into: RegisteredTag | undefined
}

/** Another name, another colour, or both, on every entity that has the tag. */
export function decideChangeTag(
  command: ChangeTag,
  user: UserState | undefined,
  context: DecisionContext,
): ChangeDecision {
  const { userId, tagId, current } = command
  const refusal = userRefusal(user) ?? tagRefusal(user, tagId, current)
  if (refusal !== undefined || current === undefined) return refusal as Refused
  const facts: Fact[] = []
  if (command.name !== undefined) {
    const name = tidyTagName(command.name)
    const taken = nameRefusal(user, tagId, command.holder)
    if (taken !== undefined) return taken
    const oldName = currentTag(user, current).name
    if (name !== oldName) facts.push({ type: 'tag.renamed', delta: { tagId, name, oldName } })
  }
  if (command.color !== undefined) {
    const { color } = command
    const oldColor = colorOf(user, tagId)
    if (color !== oldColor) facts.push({ type: 'tag.recolored', delta: { tagId, color, oldColor } })
  }
  return change({ id: userId, aggregateType: 'user', state: user }, facts, context)
}

/** One tag becomes another, on every entity. Which entities had which is not kept, so nothing takes it back. */
export function decideMergeTag(
  { userId, tagId, current, intoId, into }: MergeTag,
  user: UserState | undefined,
  context: DecisionContext,
): ChangeDecision {
  if (tagId === intoId) return refuse('tag.into_itself', 'A tag cannot be merged into itself.')
  const refusal = userRefusal(user) ?? tagRefusal(user, tagId, current) ?? tagRefusal(user, intoId, into)
  if (refusal !== undefined || current === undefined || into === undefined) return refusal as Refused
  const delta = {
    tagId,
    name: currentTag(user, current).name,
    intoId,
    intoName: currentTag(user, into).name,
  }
  return change({ id: userId, aggregateType: 'user', state: user }, [{ type: 'tag.merged', delta }], context)
}

/** Why a tag cannot be changed: there is none, or it has become another one. */
export function tagRefusal(
  user: UserState | undefined,
  tagId: TagId,
  current: RegisteredTag | undefined,
): Refused | undefined {
  const canonical = canonicalTagId(user, tagId)
  if (canonical !== tagId) {
    return refuse('tag.not_found', `This tag was merged into the tag ${canonical}: use that one.`)
  }
  return current === undefined ? refuse('tag.not_found', 'There is no such tag.') : undefined
}

export function nameRefusal(
  user: UserState | undefined,
  tagId: TagId,
  holder: RegisteredTag | undefined,
): Refused | undefined {
  const holderId = holder === undefined ? tagId : canonicalTagId(user, holder.id)
  if (holderId === tagId) return undefined
  return refuse(
    'tag.name_taken',
    `The tag ${holderId} has this name already: merge one into the other (POST /v1/tags/${tagId}:merge).`,
  )
}

export function colorOf(user: UserState | undefined, tagId: TagId): string | null {
  return user !== undefined && Object.hasOwn(user.tags, tagId) ? (user.tags[tagId]?.color ?? null) : null
}
