import type { EntityType, FileReference, JsonObject, KindInputs } from '@synap/contracts'
import type { EntityId, TagId, UserId } from '@synap/core'
import { currentTag } from '../canonical-tag.ts'
import type { Fact } from '../event.ts'
import { kindFacts } from '../kind-tables.ts'
import { applyMergePatch, inverseMergePatch } from '../merge-patch.ts'
import type { EntityState, UserState } from '../state.ts'
import { normaliseTagName, tidyTagName } from '../tag-name.ts'
import { accept, type Decision, type DecisionContext, reading, record } from './decision.ts'
import { refuse } from './refusal.ts'
import { userRefusal } from './writable.ts'

/** Besides, under the name of its type, what only that type has. */
export interface Capture extends KindInputs {
  readonly kind: 'capture'
  readonly entityId: EntityId
  /** Given where there are tags: the user, read with it, says what has become of them by merging and renaming. */
  readonly userId?: UserId | undefined
  readonly type: EntityType
  readonly title: string | null
  /** Content that already lies in the object store. */
  readonly content: FileReference | null
  /** At most 200 characters of text content. */
  readonly preview: string | null
  readonly tags: readonly { readonly id: TagId; readonly name: string }[]
  readonly metadata: JsonObject | null
  /** IANA name, where the dates in its text are meant; left out: where its user is. */
  readonly timeZone?: string | null | undefined
}

/** Something new: one `entity.created`, then an event for each thing that is said about it. */
export function decideCapture(
  command: Capture,
  {
    entity: state,
    user,
  }: { readonly entity?: EntityState | undefined; readonly user?: UserState | undefined },
  context: DecisionContext,
): Decision {
  if (state !== undefined) return refuse('entity.exists', 'There is an entity with this id.')
  const refusal = userRefusal(user)
  if (refusal !== undefined) return refusal
  if (command.content === null && command.title === null) {
    return refuse('entity.empty', 'Content or a title is needed.')
  }
  const { entityId, type, title, timeZone = null } = command
  const own = kindFacts({ particulars: {} }, type, command)
  if ('outcome' in own) return own
  const facts: Fact[] = [
    { type: 'entity.created', delta: { type, title, timeZone } },
    ...contentFacts(command),
    ...tagFacts(command, user),
    ...own,
    ...metadataFacts(command),
  ]
  const accepted = accept(record({ id: entityId, aggregateType: 'entity', state }, facts, context))
  const { userId } = command
  return userId === undefined
    ? accepted
    : reading(accepted, { id: userId, aggregateType: 'user', state: user })
}

function contentFacts({ content, preview, timeZone = null }: Capture): Fact[] {
  if (content === null) return []
  return [
    {
      type: 'entity.file_uploaded',
      delta: { file: content, oldFile: null, preview, oldPreview: null, timeZone },
    },
  ]
}

/** Two spellings of one tag are one tag. */
function tagFacts({ tags }: Capture, user: UserState | undefined): Fact[] {
  const current = tags.map(({ id, name }) => currentTag(user, { id, name: tidyTagName(name) }))
  const distinct = new Map(current.map((tag) => [normaliseTagName(tag.name), tag]))
  const byId = new Map([...distinct.values()].map((tag) => [tag.id, tag]))
  return [...byId.values()].map(({ id, name }) => ({
    type: 'entity.tag_added',
    delta: { tagId: id, name },
  }))
}

function metadataFacts({ metadata }: Capture): Fact[] {
  if (metadata === null || Object.keys(applyMergePatch({}, metadata)).length === 0) return []
  const patch = JSON.stringify(metadata)
  const inverse = JSON.stringify(inverseMergePatch({}, metadata))
  return [{ type: 'entity.updated', delta: { patch, inverse } }]
}
