import { z } from 'zod'
import { scopes } from '../scopes.ts'
import { queryInt, sequenceNumber, timeText, userIdSchema } from './shared.ts'

/** `POST /internal/introspect`. Whatever was sent as a key is looked up; what cannot be one is inactive. */
export const introspectRequest = z
  .strictObject({ key: z.string().min(1).max(8_192) })
  .meta({ id: 'IntrospectRequest' })
export type IntrospectRequest = z.infer<typeof introspectRequest>

export const introspectResponse = z
  .discriminatedUnion('active', [
    z.strictObject({ active: z.literal(false) }),
    z.strictObject({
      active: z.literal(true),
      userId: userIdSchema,
      keyId: z.string(),
      scopes: z.array(z.enum(scopes)),
      expiresAt: timeText.nullable(),
    }),
  ])
  .meta({ id: 'IntrospectResponse' })
export type IntrospectResponse = z.infer<typeof introspectResponse>

/** At most this many sequences are asked for in one call. */
export const maxInternalEvents = 500

/** `GET /internal/events`: both ends are included. */
export const internalEventsQuery = z
  .strictObject({
    user: userIdSchema,
    from: queryInt(1, 9_007_199_254_740_990),
    to: queryInt(1, 9_007_199_254_740_990),
  })
  .refine(({ from, to }) => to >= from && to - from < maxInternalEvents, {
    path: ['to'],
    message: `must be at or above from, and at most ${maxInternalEvents - 1} above it`,
  })
export type InternalEventsQuery = z.infer<typeof internalEventsQuery>

/** `value` is the framed record in base64, `key` and `headers` are those of the message. */
export const internalEvent = z.discriminatedUnion('status', [
  z.strictObject({
    sequence: sequenceNumber,
    status: z.literal('present'),
    key: z.string(),
    value: z.base64(),
    headers: z.record(z.string(), z.string()),
    partition: z.int().min(0).optional(),
  }),
  z.strictObject({ sequence: sequenceNumber, status: z.literal('absent') }),
])
export type InternalEvent = z.infer<typeof internalEvent>

export const internalEventsResponse = z
  .strictObject({ items: z.array(internalEvent) })
  .meta({ id: 'InternalEvents' })
export type InternalEventsResponse = z.infer<typeof internalEventsResponse>

/** `GET /internal/heads`: the highest sequence of each user, of events older than `olderThanMs`; paged by user id. */
export const headsQuery = z.strictObject({
  olderThanMs: queryInt(0, 86_400_000).optional(),
  after: userIdSchema.optional(),
  limit: queryInt(1, 10_000).optional(),
})
export type HeadsQuery = z.infer<typeof headsQuery>

export const headsResponse = z
  .strictObject({
    items: z.array(z.strictObject({ userId: userIdSchema, sequence: sequenceNumber })),
    next: userIdSchema.nullable().meta({ description: 'Pass it as `after` for the next page.' }),
  })
  .meta({ id: 'Heads' })
export type HeadsResponse = z.infer<typeof headsResponse>
