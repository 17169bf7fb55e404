import { z } from 'zod'
import { sequenceNumber, timeText, userIdSchema } from './shared.ts'

const count = z.int().min(0)

/** `GET /internal/outbox`: what waits, what is kept and why, for whoever runs Synap. */
export const outboxStatus = z
  .strictObject({
    unpublished: count,
    oldestUnpublishedAt: timeText.nullable(),
    lastMinute: z.strictObject({ accepted: count, published: count }).meta({
      description: 'Of the newest 100,000 events that the outbox holds.',
    }),
    /** Raised by each process that takes the relay over; null before the first. */
    relayEpoch: count.nullable(),
    /** What the relay of the answering process struggles with; null when nothing, or when another relays. */
    trouble: z.string().nullable(),
    quarantined: z.array(
      z.strictObject({
        userId: userIdSchema,
        eventId: z.uuid(),
        sequence: sequenceNumber,
        reason: z.string(),
        since: timeText,
        waiting: count,
      }),
    ),
    partitions: z.array(
      z.strictObject({
        name: z.string(),
        closed: z.boolean(),
        rowsEstimate: count,
        bytes: count,
        newestPublishedAt: timeText.nullable(),
      }),
    ),
    overdue: z
      .array(z.strictObject({ name: z.string(), why: z.string() }))
      .meta({ description: 'Partitions that are old enough and stay, with the reason.' }),
    write: z.enum(['ok', 'restored', 'unsettled']).meta({
      description: 'Whether writes are taken; else `synap write reconcile` is needed.',
    }),
  })
  .meta({ id: 'OutboxStatus' })
export type OutboxStatus = z.infer<typeof outboxStatus>

/**
 * `POST /internal/outbox/republish`: a few hundred events at a time go to the topic again. Call it with `next` as
 * `cursor` until that is null.
 */
export const republishRequest = z
  .strictObject({
    user: userIdSchema.optional(),
    since: timeText
      .optional()
      .meta({ description: 'What was published from this time on; else everything.' }),
    fromSequence: sequenceNumber.min(1).optional().meta({ description: 'Only with `user`.' }),
    cursor: z.string().max(100).optional(),
    dryRun: z.boolean().optional().meta({ description: 'Counts, and publishes nothing.' }),
  })
  .refine(({ user, fromSequence }) => fromSequence === undefined || user !== undefined, {
    path: ['fromSequence'],
    message: 'needs a user',
  })
  .refine(({ user, since }) => user !== undefined || since !== undefined, {
    path: ['since'],
    message: 'a time or a user is needed',
  })
  .meta({ id: 'RepublishRequest' })
export type RepublishRequest = z.infer<typeof republishRequest>

export const republishResponse = z
  .strictObject({
    events: count,
    absent: count.meta({ description: 'Events that neither the outbox nor the log has.' }),
    next: z.string().nullable(),
  })
  .meta({ id: 'RepublishResponse' })
export type RepublishResponse = z.infer<typeof republishResponse>

/** `POST /internal/outbox/retry`: lets events flow again that were held back; of one user, or of all. */
export const retryRequest = z
  .strictObject({ user: userIdSchema.optional() })
  .meta({ id: 'OutboxRetryRequest' })
export type RetryRequest = z.infer<typeof retryRequest>

export const retryResponse = z.strictObject({ released: count }).meta({ id: 'OutboxRetryResponse' })
export type RetryResponse = z.infer<typeof retryResponse>

/** `POST /internal/write/reconcile`. Without `force` nothing is done where the database is the known one. */
export const reconcileRequest = z
  .strictObject({ force: z.boolean().optional() })
  .meta({ id: 'ReconcileRequest' })
export type ReconcileRequest = z.infer<typeof reconcileRequest>

/** Answer to that, and to `GET /internal/write/reconcile`: the one under way, or the last one. */
export const reconcileStatus = z
  .strictObject({
    /** `none`: never needed · `topic`: reads the topic · `users`: raises and refolds users. */
    phase: z.enum(['none', 'topic', 'users', 'done', 'failed']),
    /** False for one that says nothing for a minute: it broke off, begin again. */
    alive: z.boolean(),
    startedAt: timeText.nullable(),
    finishedAt: timeText.nullable(),
    topicRecords: count,
    usersChecked: count,
    usersMoved: count,
    eventsFolded: count,
    /** Events known to exist that could not be folded: parked ones that cannot be read, or missing ones. */
    eventsUnfoldable: count,
    detail: z.string().nullable(),
    write: z.enum(['ok', 'restored', 'unsettled']),
  })
  .meta({ id: 'ReconcileStatus' })
export type ReconcileStatus = z.infer<typeof reconcileStatus>

/** `GET /internal/sweep`: what a round over the object store would find now, objects that are old enough only. */
export const sweepPreview = z
  .strictObject({
    kept: count,
    /** Would be given up and deleted. */
    orphans: count,
    orphanBytes: count,
  })
  .meta({ id: 'SweepPreview' })
export type SweepPreview = z.infer<typeof sweepPreview>
