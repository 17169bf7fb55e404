import { z } from 'zod'
import { entityTypes } from '../vocabularies.ts'
import { tagNameText, timeText } from './shared.ts'

const count = z.int().min(0)

/** `embed`: vectors of the configured model for every item, then search by them. `analyse`: one more analysis of some. */
export const enrichmentKinds = ['embed', 'analyse'] as const
export const enrichmentWishes = ['failed', 'missing', 'outdated'] as const

/** Which items are analysed once more; all of what is named has to hold. */
export const enrichmentFilter = z
  .strictObject({
    type: z.array(z.enum(entityTypes)).min(1).max(entityTypes.length).optional(),
    tag: z.array(tagNameText).min(1).max(20).optional().meta({ description: 'All of them.' }),
    createdAfter: timeText.optional(),
    createdBefore: timeText.optional(),
    status: z.enum(enrichmentWishes).optional().meta({
      description:
        '`failed`: given up. `missing`: never analysed. `outdated`: by another model, prompt or version than is set now.',
    }),
    model: z.string().min(1).max(200).optional().meta({ description: 'That analysed it last.' }),
    promptVersion: z.string().min(1).max(200).optional(),
  })
  .meta({ id: 'EnrichmentFilter' })
export type EnrichmentFilter = z.infer<typeof enrichmentFilter>

/** `POST /v1/enrichments` */
export const enrichmentRequest = z
  .strictObject({
    kind: z.enum(enrichmentKinds).meta({
      description:
        '`embed`: vectors of the configured model for every item, then search by them. `analyse`: one more analysis of the items of the filter.',
    }),
    filter: enrichmentFilter.optional().meta({ description: 'Of `analyse`; without it, all items.' }),
    dryRun: z
      .boolean()
      .default(true)
      .meta({ description: 'Only says what it would take. False: begins it.' }),
  })
  .refine(({ kind, filter }) => kind === 'analyse' || filter === undefined, {
    path: ['filter'],
    message: 'must be left out: one model has made all vectors that are compared',
  })
  .meta({ id: 'EnrichmentRequest' })
export type EnrichmentRequest = z.input<typeof enrichmentRequest>

export const enrichmentParams = z.strictObject({ id: z.uuid() })
export const enrichmentsQuery = z.strictObject({})

export const enrichmentStep = z
  .strictObject({
    step: z.enum(['analyse', 'embed']),
    model: z.string(),
    items: count.meta({ description: 'Items that the model is asked about.' }),
    reused: count.meta({ description: 'Items whose result was paid for before and is taken again.' }),
    calls: count,
    inputTokens: count.meta({
      description: 'An estimate: those of the last time, else four bytes of text to a token.',
    }),
    outputTokens: count,
    costUsd: z
      .number()
      .min(0)
      .nullable()
      .meta({ description: 'Estimated US dollars; null: the model has no price in the settings.' }),
  })
  .meta({ id: 'EnrichmentStep' })
export type EnrichmentStep = z.infer<typeof enrichmentStep>

export const enrichmentEstimate = z
  .strictObject({
    items: count.meta({ description: 'Items that it is about.' }),
    present: count.meta({ description: 'Of them, those that have what is wanted; of `analyse` none.' }),
    unreadable: count.meta({ description: 'Of them, those that hold no text.' }),
    steps: z.array(enrichmentStep),
    costUsd: z.number().min(0).nullable().meta({ description: 'Of all steps; null when one has no price.' }),
  })
  .meta({ id: 'EnrichmentEstimate' })
export type EnrichmentEstimate = z.infer<typeof enrichmentEstimate>

export const enrichmentStates = [
  'asked',
  'building',
  'switching',
  'cleaning',
  'done',
  'cancelling',
  'cancelled',
  'refused',
] as const

export const enrichmentView = z
  .strictObject({
    id: z.uuid(),
    kind: z.enum(enrichmentKinds),
    model: z.string(),
    state: z.enum(enrichmentStates).meta({
      description:
        '`building`: items are worked off. `switching`: all have what is wanted. `cleaning`: what it replaces is removed. `refused`: `reason` says why.',
    }),
    reason: z.string().nullable().meta({ description: 'Why it waits or was refused: a stable word.' }),
    items: count,
    done: count,
    failed: count.meta({ description: 'Given up; `GET /v1/stats` says why.' }),
    open: count.meta({ description: 'Being worked off, or waiting for it.' }),
    requestedAt: timeText,
    startedAt: timeText.nullable(),
    switchedAt: timeText.nullable(),
    finishedAt: timeText.nullable(),
    remainingMs: count.nullable().meta({ description: 'At the rate so far; null before anything is done.' }),
  })
  .meta({ id: 'Enrichment', description: 'Work on many items that the user asked for.' })
export type EnrichmentView = z.infer<typeof enrichmentView>

/** By which model a user's search compares, and how far a change of it is. */
export const embeddingView = z
  .strictObject({
    model: z
      .string()
      .nullable()
      .meta({ description: 'That the settings name; null before an enricher started.' }),
    searchedBy: z
      .string()
      .nullable()
      .meta({ description: 'That questions are compared by; null: nothing is embedded yet.' }),
    change: enrichmentView.nullable().meta({ description: 'To another model, where one is under way.' }),
  })
  .meta({ id: 'EmbeddingView' })
export type EmbeddingView = z.infer<typeof embeddingView>

export const enrichmentResponse = z
  .strictObject({
    dryRun: z.boolean(),
    model: z.string().meta({ description: 'That the settings name.' }),
    searchedBy: z
      .string()
      .nullable()
      .meta({ description: 'The model that questions are compared by now; null: nothing is embedded yet.' }),
    estimate: enrichmentEstimate,
    enrichment: enrichmentView.nullable().meta({ description: 'What was begun, or is under way already.' }),
  })
  .meta({ id: 'EnrichmentResponse' })
export type EnrichmentResponse = z.infer<typeof enrichmentResponse>

export const enrichmentList = z
  .strictObject({
    model: z
      .string()
      .nullable()
      .meta({ description: 'That the settings name; null before an enricher started.' }),
    searchedBy: z.string().nullable(),
    items: z.array(enrichmentView).meta({ description: 'The newest 20.' }),
  })
  .meta({ id: 'EnrichmentList' })
export type EnrichmentList = z.infer<typeof enrichmentList>
