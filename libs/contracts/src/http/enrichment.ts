import { z } from 'zod'
import { cleanText, limits } from '../text.ts'
import { embeddingView } from './enrichments.ts'
import { entityIdSchema, timeText, userIdSchema } from './shared.ts'

const count = z.int().min(0)
const dollars = z.number().min(0)

/** What calls of models used. */
export const modelCost = z
  .strictObject({
    calls: count.meta({ description: 'Requests that a model server answered, and those under way.' }),
    tokens: count,
    cost: dollars.nullable().meta({
      description: 'US dollars. Null when no call had a price; of `unpricedCalls` it holds nothing.',
    }),
    unpricedCalls: count.meta({ description: 'Calls of models that have no price in the settings.' }),
  })
  .meta({ id: 'ModelCost' })
export type ModelCost = z.infer<typeof modelCost>

/** `all`: calls of both kinds. */
export const pauseKinds = ['all', 'analyse', 'embed'] as const
export type PauseKind = (typeof pauseKinds)[number]

export const enrichmentPause = z
  .strictObject({
    kind: z.enum(pauseKinds),
    user: userIdSchema.nullable().meta({ description: 'Null: everybody.' }),
    byOperator: z.boolean().meta({ description: 'True: only an operator lifts it.' }),
    why: z.string().nullable(),
    since: timeText,
  })
  .meta({ id: 'EnrichmentPause' })
export type EnrichmentPause = z.infer<typeof enrichmentPause>

const limit = (item: z.ZodNumber) => item.nullable().meta({ description: 'Null: no limit.' })
const budgetLimits = {
  calls: limit(count),
  tokens: limit(count),
  cost: limit(dollars),
}

/** `GET /v1/enrichment`; with `user` or `all` for operators. */
export const enrichmentQuery = z
  .strictObject({
    user: userIdSchema.optional(),
    all: z.literal('true').optional().meta({ description: 'Everybody together; for operators.' }),
  })
  .refine(({ user, all }) => user === undefined || all === undefined, {
    path: ['all'],
    message: 'is not for one user',
  })

export const enrichmentStatus = z
  .strictObject({
    user: userIdSchema.nullable().meta({ description: 'Whose; null: of everybody together.' }),
    day: z.iso.date().meta({ description: 'Today in UTC: the day that limits count for.' }),
    nextDayAt: timeText.meta({ description: 'When the next begins.' }),
    today: modelCost,
    total: modelCost,
    limits: z.strictObject({
      ...budgetLimits,
      own: z.boolean().meta({ description: 'True: a budget of this user’s own.' }),
    }),
    paused: z.array(enrichmentPause).meta({ description: 'What holds calls back; at most 200, the newest.' }),
    open: count.meta({ description: 'Jobs that are not finished.' }),
    embedding: embeddingView.nullable().meta({ description: 'Only of the user who asks; else null.' }),
    waiting: z
      .array(
        z.strictObject({
          step: z.string(),
          state: z.enum(['deferred', 'retrying', 'failed']),
          reason: z.string(),
          items: count,
          nextAt: timeText
            .nullable()
            .meta({ description: 'When the first goes on; null: when somebody says so.' }),
        }),
      )
      .meta({ description: 'What is held back, tried again, or was given up; by step and reason.' }),
  })
  .meta({ id: 'EnrichmentStatus' })
export type EnrichmentStatus = z.infer<typeof enrichmentStatus>

const reason = cleanText(limits.label, 1)
const whose = {
  user: userIdSchema.optional().meta({ description: 'Another user; for operators.' }),
  all: z.literal(true).optional().meta({ description: 'All users; for operators.' }),
}
const notBoth = ({ user, all }: { user?: unknown; all?: true | undefined }) =>
  user === undefined || all === undefined
const both = { path: ['all'], message: 'is not for one user' }

/** `POST /v1/enrichment:retry`: one item, or all of a reason, or all. */
export const enrichmentRetryRequest = z
  .strictObject({
    entity: entityIdSchema.optional(),
    reason: reason.optional().meta({ description: 'As `waiting` and the status of an item say it.' }),
    ...whose,
    dryRun: z.boolean().optional().meta({ description: 'Counts, and marks nothing.' }),
  })
  .refine(notBoth, both)
  .meta({ id: 'EnrichmentRetryRequest' })
export type EnrichmentRetryRequest = z.infer<typeof enrichmentRetryRequest>

/** The enricher acts on what is marked within seconds. */
export const enrichmentRetryResponse = z
  .strictObject({
    dryRun: z.boolean(),
    steps: count.meta({ description: 'Steps that are tried again; what is done stays done.' }),
    byReason: z.array(z.strictObject({ step: z.string(), reason: z.string(), items: count })),
  })
  .meta({ id: 'EnrichmentRetryResponse' })
export type EnrichmentRetryResponse = z.infer<typeof enrichmentRetryResponse>

/** `POST /v1/enrichment:pause` */
export const enrichmentPauseRequest = z
  .strictObject({
    kind: z.enum(pauseKinds).optional().meta({ description: '`all` by default.' }),
    ...whose,
    why: cleanText(500, 1).optional().meta({ description: 'Shown to whoever asks why nothing happens.' }),
  })
  .refine(notBoth, both)
  .meta({ id: 'EnrichmentPauseRequest' })
export type EnrichmentPauseRequest = z.infer<typeof enrichmentPauseRequest>

/** `POST /v1/enrichment:resume` */
export const enrichmentResumeRequest = z
  .strictObject({
    kind: z
      .enum(pauseKinds)
      .optional()
      .meta({ description: 'Only pauses of this kind; of every kind by default.' }),
    ...whose,
  })
  .refine(notBoth, both)
  .meta({ id: 'EnrichmentResumeRequest' })
export type EnrichmentResumeRequest = z.infer<typeof enrichmentResumeRequest>

/** Answer to both. */
export const enrichmentPauseResponse = z
  .strictObject({
    changed: count.meta({ description: 'Pauses that were made, or lifted.' }),
    paused: z.array(enrichmentPause).meta({ description: 'What holds calls back from now on.' }),
  })
  .meta({ id: 'EnrichmentPauseResponse' })
export type EnrichmentPauseResponse = z.infer<typeof enrichmentPauseResponse>

export const enrichmentBudgetParams = z.strictObject({ user: userIdSchema })

/** `PUT /v1/enrichment/budgets/{user}`: for operators; `DELETE` gives back the limits of the settings. */
export const enrichmentBudget = z.strictObject(budgetLimits).meta({ id: 'EnrichmentBudget' })
export type EnrichmentBudget = z.infer<typeof enrichmentBudget>
