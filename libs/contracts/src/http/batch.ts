import { z } from 'zod'
import { captureRequest, captureResponse } from './capture.ts'
import { sequenceNumber, writeResult } from './shared.ts'

/** Bounds of one batch. */
export const batchLimits = {
  items: 1_000,
  /** Of the body, in bytes. */
  body: 16 * 1_024 * 1_024,
  /** Of all items together: each is an event. */
  tags: 5_000,
} as const

/** `POST /v1/entities:batch`: all of it is captured, or nothing. */
export const batchRequest = z
  .strictObject({
    items: z
      .array(captureRequest)
      .min(1)
      .max(batchLimits.items)
      .refine(
        (items) => items.reduce((sum, { tags = [] }) => sum + tags.length, 0) <= batchLimits.tags,
        `must not have more than ${batchLimits.tags} tags in all`,
      ),
  })
  .meta({ id: 'BatchRequest' })
export type BatchRequest = z.infer<typeof batchRequest>

/** What was captured, in the order in which it was sent. `sequence` of the whole: the last of all. */
export const batchResponse = z
  .strictObject({
    items: z.array(captureResponse.omit({ correlationId: true })),
    sequence: sequenceNumber,
    correlationId: writeResult.correlationId,
  })
  .meta({ id: 'BatchResponse' })
export type BatchResponse = z.infer<typeof batchResponse>
