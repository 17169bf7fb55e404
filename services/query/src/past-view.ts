import type { EntityView } from '@synap/contracts'
import { type EntityState, taskOf } from '@synap/domain'
import { toAttachmentView } from './entity-view.ts'
import { type PastTags, pastTagsOf } from './past-tags.ts'
import { shownParticulars } from './shown-particulars.ts'

/** A folded entity as the API shows it; `tags` says what its tags had become. */
export function toPastView(state: EntityState, tags: PastTags): EntityView {
  const { id, type, title, preview, summary, language, people, metadata, provenance, version } = state
  const time = (ms: number | null) => new Date(ms ?? 0).toISOString()
  return {
    id,
    type,
    title,
    preview,
    summary,
    language,
    people: [...people],
    content: contentOf(state),
    attachments: state.attachments.map(toAttachmentView),
    tags: pastTagsOf(state.tags, tags),
    task: taskViewOf(state),
    ...shownParticulars(type, state.particulars),
    metadata,
    suggestions: state.suggestions.map(({ field, value, confidence, analysisId }) => ({
      field,
      value,
      confidence,
      analysisId,
    })),
    provenance,
    version,
    sequence: state.sequence ?? 0,
    createdAt: time(state.createdAt),
    updatedAt: time(state.updatedAt),
  }
}

function contentOf({ content }: EntityState): EntityView['content'] {
  if (content === null) return null
  const { sha256, size, contentType, fileType, uploadedAt } = content
  return { sha256, size, contentType, fileType, uploadedAt: new Date(uploadedAt).toISOString() }
}

function taskViewOf(state: EntityState): EntityView['task'] {
  if (state.type !== 'task') return null
  const { status, priority, due, completedAt } = taskOf(state)
  return {
    status,
    priority,
    due,
    completedAt: completedAt === null ? null : new Date(completedAt).toISOString(),
  }
}
