import { z } from 'zod'
import { idSchema } from '../event/field.ts'
import { cleanText, limits, timeZoneName } from '../text.ts'
import { captureFileRequest } from './capture.ts'
import { entityIdSchema, sha256Text, timeText } from './shared.ts'

/** What one request may put into a store (S3, R2): 5 GiB. */
export const largestUpload = 5_368_709_120

export const uploadIdSchema = idSchema<string>()
export const uploadParams = z.strictObject({ id: uploadIdSchema })

export const uploadTarget = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('capture'), entity: captureFileRequest }),
    z.strictObject({
      kind: z.literal('content'),
      entityId: entityIdSchema,
      timeZone: timeZoneName.optional(),
    }),
    z.strictObject({ kind: z.literal('attachment'), entityId: entityIdSchema }),
  ])
  .meta({
    id: 'UploadTarget',
    description: 'A new item with the file as its content, new content of an item, or an attachment of it.',
  })
export type UploadTarget = z.infer<typeof uploadTarget>

/** `POST /v1/uploads` */
export const uploadRequest = z
  .strictObject({
    target: uploadTarget,
    size: z.int().min(1).max(largestUpload).meta({ description: 'Bytes.' }),
    sha256: sha256Text.meta({ description: 'Of the bytes.' }),
    name: cleanText(limits.fileName, 1).optional().meta({ description: 'The name of the file.' }),
    contentType: z
      .string()
      .max(limits.contentType)
      .regex(/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:; ?[\w-]+=[\w.+-]+)*$/, 'must be a media type')
      .optional()
      .meta({ description: 'To be sent with the bytes. What they are is told from themselves.' }),
  })
  .meta({ id: 'UploadRequest' })
export type UploadRequest = z.infer<typeof uploadRequest>

export const uploadView = z
  .strictObject({
    id: uploadIdSchema,
    status: z.enum(['pending', 'completed']),
    entityId: entityIdSchema.meta({ description: 'The item that it becomes, or goes to.' }),
    size: z.int().min(1),
    sha256: sha256Text,
    expiresAt: timeText.meta({ description: 'Until then it has to be completed.' }),
    put: z
      .strictObject({
        method: z.literal('PUT'),
        url: z.string(),
        headers: z.record(z.string(), z.string()),
        expiresAt: timeText,
      })
      .nullable()
      .meta({
        description:
          'The request that puts the bytes into the store, to be sent exactly so, without a credential.',
      }),
  })
  .meta({ id: 'Upload' })
export type UploadView = z.infer<typeof uploadView>
