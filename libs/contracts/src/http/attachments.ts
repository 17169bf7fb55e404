import { z } from 'zod'
import { fileTypes } from '../vocabularies.ts'
import { entityIdSchema, sha256Text, writeResult } from './shared.ts'

/** An attachment's own part of its key: what stands behind `…/attachments/`. */
const attachmentKeyText = z
  .string()
  .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,299}$/, 'is not the key of an attachment')

export const attachmentParams = z.strictObject({ id: entityIdSchema, key: attachmentKeyText })

/** `POST /v1/entities/{id}/attachments` as multipart/form-data. For the documentation: the part is read as a stream. */
export const attachmentForm = z
  .strictObject({
    file: z.string().meta({
      contentMediaType: 'application/octet-stream',
      description: 'The bytes, with a file name; the only part. What they are is told from themselves.',
    }),
  })
  .meta({ id: 'AttachmentForm' })

export const attachmentView = z
  .strictObject({
    key: attachmentKeyText,
    name: z.string(),
    size: z.int().min(0),
    sha256: sha256Text,
    contentType: z.string(),
    fileType: z.enum(fileTypes),
  })
  .meta({ id: 'Attachment', description: 'A file of an item besides its content.' })
export type AttachmentView = z.infer<typeof attachmentView>

export const attachmentResponse = z
  .strictObject({ ...writeResult, attachment: attachmentView })
  .meta({ id: 'AttachmentResponse' })
export type AttachmentResponse = z.infer<typeof attachmentResponse>
