import type { AttachmentView, EntityType, EntityView } from '@synap/contracts'
import { shownParticulars } from './shown-particulars.ts'
import type { AttachmentRow, EntityRow } from './sql/find-entities.ts'

/** The part of an attachment's key that clients know it by. */
export function ownPartOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1)
}

/** As the API shows it; the words of the database are trusted here. */
export function toAttachmentView({ key, name, size, sha256, contentType, fileType }: AttachmentRow) {
  return { key: ownPartOf(key), name, size, sha256, contentType, fileType } as AttachmentView
}

/** An entity as the API shows it. */
export function toEntityView(row: EntityRow): EntityView {
  const time = (ms: number) => new Date(ms).toISOString()
  const content =
    row.content_sha256 === null
      ? null
      : {
          sha256: row.content_sha256,
          size: row.content_size ?? 0,
          contentType: row.content_type ?? 'application/octet-stream',
          fileType: row.file_type ?? 'other',
          uploadedAt: time(row.uploaded_at ?? row.updated_at),
        }
  const task =
    row.type !== 'task' || row.task_status === null
      ? null
      : {
          status: row.task_status,
          priority: row.task_priority ?? 0,
          due: row.task_due,
          completedAt: row.task_completed_at === null ? null : time(row.task_completed_at),
        }
  // The answer is checked against its schema when it is written; here the words of the database are trusted.
  return {
    id: row.entity_id,
    type: row.type,
    title: row.title,
    preview: row.preview,
    summary: row.summary,
    language: row.language,
    people: row.people,
    content,
    attachments: row.attachments.map(toAttachmentView),
    tags: row.tags,
    task,
    ...shownParticulars(row.type as EntityType, row.particulars),
    metadata: row.metadata,
    suggestions: row.suggestions,
    provenance: row.provenance,
    version: row.version,
    sequence: row.sequence,
    createdAt: time(row.created_at),
    updatedAt: time(row.updated_at),
  } as EntityView
}
