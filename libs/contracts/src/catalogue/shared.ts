import { long, record, sha256, text, timestamp, type ValueOf, vocabulary } from '../event/field.ts'
import { limits } from '../text.ts'
import { fileTypes } from '../vocabularies.ts'

const object = {
  key: text('Immutable key in the object store.', { min: 1, max: limits.objectKey }),
  sha256: sha256('SHA-256 of the bytes.'),
  size: long('Bytes.', { min: 0 }),
  contentType: text('Media type, as served.', { min: 1, max: limits.contentType }),
  fileType: vocabulary('markdown, text, html, pdf, audio, video, image or other.', fileTypes),
  uploadedAt: timestamp('When the bytes were stored.'),
}

/** Where the content of an entity lies; the bytes themselves are never in an event. */
export const fileReference = record('FileReference', 'Content in the object store.', object)
export type FileReference = ValueOf<typeof fileReference>

export const attachment = record('Attachment', 'A file that belongs to an entity besides its content.', {
  ...object,
  name: text('File name as the user gave it.', { min: 1, max: limits.fileName }),
})
export type Attachment = ValueOf<typeof attachment>
