import { z } from 'zod'
import { cleanText, limits } from '../text.ts'
import { entityTypes } from '../vocabularies.ts'
import { metadata, tagNameText, taskInput, titleText, writeResult } from './shared.ts'

/** `POST /v1/entities` as JSON. `content` is Markdown. */
export const captureRequest = z
  .strictObject({
    type: z.enum(entityTypes),
    content: cleanText(limits.content)
      .refine((text) => Buffer.byteLength(text) <= limits.content, 'must not be longer than 1 MiB in UTF-8')
      .optional(),
    title: titleText.optional(),
    tags: z.array(tagNameText).max(limits.tagsPerEntity).optional(),
    task: taskInput.optional(),
    metadata: metadata.optional(),
  })
  .superRefine((body, context) => {
    if (body.content === undefined && body.title === undefined) {
      context.addIssue({ code: 'custom', path: ['content'], message: 'content or title is needed' })
    }
    if (body.task !== undefined && body.type !== 'task') {
      context.addIssue({ code: 'custom', path: ['task'], message: 'is allowed with the type task only' })
    }
  })
  .meta({ id: 'CaptureRequest' })
export type CaptureRequest = z.infer<typeof captureRequest>

export const captureResponse = z
  .strictObject({
    ...writeResult,
    status: z.string().meta({ description: 'Path of the status of the item, at query.' }),
  })
  .meta({ id: 'CaptureResponse' })
export type CaptureResponse = z.infer<typeof captureResponse>

/** What a change or a deletion answers with. */
export const changeResponse = z.strictObject(writeResult).meta({ id: 'ChangeResponse' })
export type ChangeResponse = z.infer<typeof changeResponse>
