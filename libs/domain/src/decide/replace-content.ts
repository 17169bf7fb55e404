import type { FileReference } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import type { Fact } from '../event.ts'
import type { EntityState } from '../state.ts'
import { type ChangeDecision, change, type DecisionContext } from './decision.ts'
import { type Refused, refuse } from './refusal.ts'
import { entityRefusal, isWritable } from './writable.ts'

export interface ReplaceContent {
  readonly kind: 'replaceContent'
  readonly entityId: EntityId
  /** Content that already lies in the object store; null takes the content away. */
  readonly content: FileReference | null
  /** At most 200 characters of text content. */
  readonly preview: string | null
  /** IANA name, where the dates in it are meant; left out: where its user is. */
  readonly timeZone?: string | null | undefined
}

/** New content, or none. What was there stays in the store, so that it can be put back. */
export function decideReplaceContent(
  { entityId, content, preview, timeZone }: ReplaceContent,
  state: EntityState | undefined,
  context: DecisionContext,
): ChangeDecision {
  if (!isWritable(state)) return entityRefusal(state) as Refused
  if (content === null && state.title === null) {
    return refuse('entity.empty', 'An entity without content needs a title: give it one, or delete it.')
  }
  const facts = contentFacts(state, content, preview, timeZone ?? null)
  return change({ id: entityId, aggregateType: 'entity', state }, facts, context)
}

/** The same bytes of the same kind are no new content, wherever they lie. */
export function contentFacts(
  { content: oldFile, preview: oldPreview }: Pick<EntityState, 'content' | 'preview'>,
  file: FileReference | null,
  preview: string | null,
  timeZone: string | null = null,
): Fact[] {
  if (file === null) {
    return oldFile === null ? [] : [{ type: 'entity.file_deleted', delta: { oldFile, oldPreview } }]
  }
  const isSame = oldFile?.sha256 === file.sha256 && oldFile.contentType === file.contentType
  if (isSame) return []
  return [{ type: 'entity.file_uploaded', delta: { file, oldFile, preview, oldPreview, timeZone } }]
}
