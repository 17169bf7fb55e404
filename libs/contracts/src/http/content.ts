import { z } from 'zod'
import { contentText } from './capture.ts'

/** `PUT /v1/entities/{id}/content` as JSON. */
export const contentRequest = z
  .strictObject({
    content: contentText.min(1).nullable().meta({ description: 'Markdown; null takes the content away.' }),
  })
  .meta({ id: 'ContentRequest' })
export type ContentRequest = z.infer<typeof contentRequest>
