import {
  type DeltaOf,
  type EntityType,
  type JsonObject,
  limits,
  type TaskPriority,
  type TaskStatus,
} from '@synap/contracts'
import type { TagId } from '@synap/core'
import { canonicalTagId, currentTag } from '../canonical-tag.ts'
import { attachmentRefusal } from '../decide/attachments.ts'
import { metadataFacts, metadataRefusal, titleFacts, typeFacts } from '../decide/patch-entity.ts'
import { type Refused, refuse } from '../decide/refusal.ts'
import { contentFacts } from '../decide/replace-content.ts'
import { hasTag, removalFacts, tooManyTags } from '../decide/tag-entity.ts'
import { joinPeople } from '../entity/people.ts'
import type { EntityEventType, Fact, FoldEventOf } from '../event.ts'
import { kindFacts, kindInverses } from '../kind-tables.ts'
import { applyMergePatch } from '../merge-patch.ts'
import type { EntityState, UserState } from '../state.ts'

/** The events that undo one of type `T`, or why nothing does just now. None is: it is so already. */
type Inverse<T extends EntityEventType> = (
  delta: DeltaOf<T>,
  state: EntityState,
  user: UserState | undefined,
) => readonly Fact[] | Refused

/** How each is undone, or why it never is. */
export const undoEntity: { readonly [T in EntityEventType]: Inverse<T> | string } = {
  'entity.created': () => [{ type: 'entity.deleted', delta: {} }],
  'entity.deleted': () => [{ type: 'entity.restored', delta: {} }],
  'entity.restored': () => [{ type: 'entity.deleted', delta: {} }],
  'entity.purged': 'What is purged is gone from every store: there is nothing to bring back.',
  'entity.title_changed': ({ oldTitle }, state) => retitled(state, oldTitle),
  'entity.type_changed': ({ oldType }, state) => typeFacts(state, oldType),
  'entity.file_uploaded': ({ oldFile, oldPreview }, state) =>
    oldFile === null && state.title === null ? empty() : contentFacts(state, oldFile, oldPreview),
  'entity.file_deleted': ({ oldFile, oldPreview }, state) => contentFacts(state, oldFile, oldPreview),
  'entity.attachment_added': ({ attachment }) => [
    { type: 'entity.attachment_removed', delta: { attachment } },
  ],
  'entity.attachment_removed': ({ attachment }, state) =>
    attachmentRefusal(state, attachment) ?? [{ type: 'entity.attachment_added', delta: { attachment } }],
  'entity.tag_added': ({ tagId }, state, user) => takenOff(state, user, [tagId]),
  'entity.tag_removed': (tag, state, user) => addedAgain(tag, state, user),
  'entity.suggestion_rejected': 'A rejection is kept for ever: set the value yourself.',
  'entity.updated': ({ inverse }, state) => {
    const patch = JSON.parse(inverse) as JsonObject
    return metadataRefusal(applyMergePatch(state.metadata, patch)) ?? metadataFacts(state, patch)
  },
  'ai.enrichment_applied': undoEnrichment,
  ...kindInverses,
}

function undoEnrichment(
  delta: FoldEventOf<'ai.enrichment_applied'>['delta'],
  state: EntityState,
  user: UserState | undefined,
): readonly Fact[] | Refused {
  const { title, type, status, priority, due, tagsAdded } = delta
  const titled = title === null ? [] : retitled(state, title.old)
  if ('outcome' in titled) return titled
  const task = {
    ...(status === null ? {} : { status: status.old as TaskStatus }),
    ...(priority === null ? {} : { priority: priority.old as TaskPriority }),
    ...(due === null ? {} : { due: due.old }),
  }
  const retasked = Object.keys(task).length === 0 ? [] : kindFacts(state, state.type, { task })
  if ('outcome' in retasked) return retasked
  return [
    ...retasked,
    ...(type === null ? [] : typeFacts(state, type.old as EntityType)),
    ...titled,
    ...takenOff(
      state,
      user,
      tagsAdded.map(({ tagId }) => tagId),
    ),
    ...rejected(delta, state),
  ]
}

/** A person does not write a summary or who is mentioned, but can refuse it: what AI set is taken away and not set again. */
function rejected(
  { analysisId, summary, language, people }: DeltaOf<'ai.enrichment_applied'>,
  state: EntityState,
): readonly Fact[] {
  const set = [
    ['summary', summary],
    ['language', language],
  ] as const
  const refused = set.flatMap(([field, change]): Fact[] =>
    change === null || state[field] !== change.value
      ? []
      : [{ type: 'entity.suggestion_rejected', delta: { field, value: change.value, analysisId } }],
  )
  const names = people === null ? '' : joinPeople(people.value)
  if (names === '' || names !== joinPeople(state.people)) return refused
  return [
    ...refused,
    { type: 'entity.suggestion_rejected', delta: { field: 'people', value: names, analysisId } },
  ]
}

function retitled(state: EntityState, title: string | null): readonly Fact[] | Refused {
  return title === null && state.content === null ? empty() : titleFacts(state, title)
}

/** Tags that one event added. One that the entity also had under another id, before a merge made them one, stays. */
function takenOff(state: EntityState, user: UserState | undefined, added: readonly TagId[]): readonly Fact[] {
  const canonical = new Set(added.map((id) => canonicalTagId(user, id)))
  const others = state.tags.filter(({ id }) => !added.includes(id))
  for (const { id } of others) canonical.delete(canonicalTagId(user, id))
  return [...canonical].flatMap((id) => removalFacts(state, user, id))
}

function addedAgain(
  tag: { readonly tagId: TagId; readonly name: string },
  state: EntityState,
  user: UserState | undefined,
): readonly Fact[] | Refused {
  const { id, name } = currentTag(user, { id: tag.tagId, name: tag.name })
  if (hasTag(state, user, id)) return []
  if (state.tags.length >= limits.tagsPerEntity) return tooManyTags()
  return [{ type: 'entity.tag_added', delta: { tagId: id, name } }]
}

function empty(): Refused {
  return refuse('entity.empty', 'Neither content nor a title would be left: delete the entity instead.')
}
