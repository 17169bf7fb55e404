import type { Attachment } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import type { EntityState } from '../state.ts'
import { type ChangeDecision, change, type DecisionContext } from './decision.ts'
import { type Refused, refuse } from './refusal.ts'
import { entityRefusal, isWritable } from './writable.ts'

/** Files of one entity besides its content, at most. */
export const maxAttachments = 100

export interface AddAttachment {
  readonly kind: 'addAttachment'
  readonly entityId: EntityId
  /** It already lies in the object store. */
  readonly attachment: Attachment
}

export interface RemoveAttachment {
  readonly kind: 'removeAttachment'
  readonly entityId: EntityId
  readonly key: string
}

/** Attaches a file. The same file under the same name is there once. */
export function decideAddAttachment(
  { entityId, attachment }: AddAttachment,
  state: EntityState | undefined,
  context: DecisionContext,
): ChangeDecision {
  if (!isWritable(state)) return entityRefusal(state) as Refused
  const refusal = attachmentRefusal(state, attachment)
  if (refusal !== undefined) return refusal
  const isThere = state.attachments.some(({ key }) => key === attachment.key)
  return change(
    { id: entityId, aggregateType: 'entity', state },
    isThere ? [] : [{ type: 'entity.attachment_added', delta: { attachment } }],
    context,
  )
}

export function attachmentRefusal(
  { attachments }: EntityState,
  { key, sha256 }: Attachment,
): Refused | undefined {
  const there = attachments.find((attachment) => attachment.key === key)
  if (there !== undefined && there.sha256 !== sha256) {
    return refuse('entity.attachment_exists', 'Another file is attached under this key: remove it first.')
  }
  return there === undefined && attachments.length >= maxAttachments
    ? refuse(
        'entity.too_many_attachments',
        `An entity has at most ${maxAttachments} attachments: remove one first.`,
      )
    : undefined
}

/** Takes a file off. Its bytes stay in the store, so that it can be put back. */
export function decideRemoveAttachment(
  { entityId, key }: RemoveAttachment,
  state: EntityState | undefined,
  context: DecisionContext,
): ChangeDecision {
  if (!isWritable(state)) return entityRefusal(state) as Refused
  const attachment = state.attachments.find((candidate) => candidate.key === key)
  if (attachment === undefined) {
    return refuse('entity.attachment_not_found', 'This entity has no attachment with this key.')
  }
  const target = { id: entityId, aggregateType: 'entity', state } as const
  return change(target, [{ type: 'entity.attachment_removed', delta: { attachment } }], context)
}
