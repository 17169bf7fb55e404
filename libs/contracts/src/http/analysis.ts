import type { AnalysisId, EventId } from '@synap/core'
import { z } from 'zod'
import { idSchema } from '../event/field.ts'
import { cleanText, dueDate, limits, personName } from '../text.ts'
import { entityTypes, taskPriorities, taskStatuses } from '../vocabularies.ts'
import {
  confidence,
  entityIdSchema,
  sequenceNumber,
  sha256Text,
  tagNameText,
  titleText,
  versionNumber,
} from './shared.ts'

const label = cleanText(limits.label, 1)
const span = z.tuple([z.int().min(0).max(2_147_483_647), z.int().min(0).max(2_147_483_647)]).optional()
const proposal = <T extends z.ZodType>(value: T) => z.strictObject({ value, confidence }).optional()

/** What a model found; a field that is absent was not found. Every value has its confidence. */
export const analysisResult = z
  .strictObject({
    title: proposal(titleText),
    type: proposal(z.enum(entityTypes)),
    summary: proposal(cleanText(limits.summary, 1)),
    language: proposal(cleanText(limits.language, 2)),
    people: proposal(z.array(personName).max(limits.people)),
    status: proposal(z.enum(taskStatuses)),
    priority: proposal(z.literal([...taskPriorities])),
    due: z
      .strictObject({
        value: dueDate,
        confidence,
        text: cleanText(200).optional().meta({ description: 'The words it was read from.' }),
        span: span.meta({ description: 'Where they stand in the text, in UTF-16 code units.' }),
      })
      .optional(),
    tags: z.array(z.strictObject({ name: tagNameText, confidence })).max(limits.tagsPerEntity),
    intent: z
      .strictObject({
        kind: z.enum(entityTypes),
        confidence,
        span: span.meta({ description: 'Where in the text, in UTF-16 code units.' }),
      })
      .optional(),
  })
  .meta({ id: 'AnalysisResult' })
export type AnalysisResult = z.infer<typeof analysisResult>

const job = {
  analysisId: idSchema<AnalysisId>(),
  contentHash: sha256Text,
  enricherVersion: label,
  run: z.int().min(0).max(1_000_000),
  basedOnVersion: versionNumber,
  model: label,
  promptVersion: label,
  offline: z.boolean(),
  causedBy: idSchema<EventId>().optional().meta({
    description: 'The event that asked for it, of the same user: the cause of what is recorded.',
  }),
  usage: z
    .strictObject({
      inputTokens: z.int().min(0).max(2_147_483_647),
      outputTokens: z.int().min(0).max(2_147_483_647),
      costMicros: z.int().min(0).optional(),
    })
    .optional(),
}

/** `POST /v1/entities/{id}/analyses` */
export const analysisRequest = z
  .discriminatedUnion('outcome', [
    z.strictObject({
      ...job,
      outcome: z.literal('completed'),
      result: analysisResult,
      timeZone: cleanText(limits.timeZone, 1)
        .optional()
        .meta({ description: 'IANA name: where dates were taken to be meant.' }),
    }),
    z.strictObject({
      ...job,
      outcome: z.literal('failed'),
      error: z.strictObject({ code: label, detail: cleanText(200).optional() }),
    }),
  ])
  .meta({ id: 'AnalysisRequest' })
export type AnalysisRequest = z.infer<typeof analysisRequest>

/**
 * `superseded`: the entity has other content by now. `duplicate`: this analysis was recorded already for that version.
 * In both cases nothing changed, and version and sequence are the current ones.
 */
export const analysisOutcomes = ['recorded', 'superseded', 'duplicate'] as const
export type AnalysisOutcome = (typeof analysisOutcomes)[number]

export const analysisResponse = z
  .strictObject({
    outcome: z.enum(analysisOutcomes),
    id: entityIdSchema,
    version: versionNumber,
    sequence: sequenceNumber,
    correlationId: z.string().regex(/^[0-9a-f]{32}$/),
    applied: z.array(z.string()).meta({ description: 'Names of the fields that were set.' }),
  })
  .meta({ id: 'AnalysisResponse' })
export type AnalysisResponse = z.infer<typeof analysisResponse>
