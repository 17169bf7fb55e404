import type { AnalysisId, EventId, TagId } from '@synap/core'
import { z } from 'zod'
import { idSchema } from '../event/field.ts'
import { cleanText, instant, limits } from '../text.ts'
import {
  entityTypes,
  fileTypes,
  relationTypes,
  suggestionFields,
  taskPriorities,
  taskStatuses,
} from '../vocabularies.ts'
import { attachmentView } from './attachments.ts'
import {
  confidence,
  entityIdSchema,
  jsonValue,
  metadata,
  queryInt,
  sequenceNumber,
  severalOf,
  sha256Text,
  tagNameText,
  timeText,
  versionNumber,
} from './shared.ts'

/** Who set a field. */
export const provenanceSchema = z
  .strictObject({
    by: z.enum(['user', 'ai']),
    eventId: idSchema<EventId>(),
    model: z.string().optional(),
    promptVersion: z.string().optional(),
    offline: z.boolean().optional(),
    confidence: confidence.optional(),
  })
  .meta({ id: 'Provenance', description: 'Who set a field, in which event.' })

export const entitySchema = z
  .strictObject({
    id: entityIdSchema,
    type: z.enum(entityTypes),
    title: z.string().nullable(),
    preview: z.string().nullable(),
    summary: z.string().nullable(),
    language: z.string().nullable(),
    people: z.array(z.string()).meta({ description: 'Who is mentioned, in the order of first mention.' }),
    content: z
      .strictObject({
        sha256: sha256Text,
        size: z.int().min(0),
        contentType: z.string(),
        fileType: z.enum(fileTypes),
        uploadedAt: timeText,
      })
      .nullable(),
    attachments: z.array(attachmentView),
    tags: z.array(z.strictObject({ id: idSchema<TagId>(), name: z.string(), provenance: provenanceSchema })),
    task: z
      .strictObject({
        status: z.enum(taskStatuses),
        priority: z.literal([...taskPriorities]),
        due: z.string().nullable(),
        completedAt: timeText.nullable(),
      })
      .nullable(),
    particulars: z.record(z.string(), jsonValue).optional().meta({
      description:
        'What only items of its type have, and traits under their names; left out where there are none. Of a task: `task`.',
    }),
    metadata,
    suggestions: z.array(
      z.strictObject({
        field: z.enum(suggestionFields),
        value: z.string(),
        confidence,
        analysisId: idSchema<AnalysisId>(),
      }),
    ),
    provenance: z.partialRecord(
      z.enum([
        'title',
        'type',
        'summary',
        'language',
        'people',
        'content',
        'status',
        'priority',
        'due',
        'metadata',
      ]),
      provenanceSchema,
    ),
    version: versionNumber,
    sequence: sequenceNumber,
    createdAt: timeText,
    updatedAt: timeText,
  })
  .meta({ id: 'Entity' })
export type EntityView = z.infer<typeof entitySchema>

/** Every read of query takes these. */
export const readOptions = {
  min_sequence: queryInt(0, 9_007_199_254_740_990).optional(),
  /** Milliseconds to wait for `min_sequence`. */
  wait: queryInt(0, 30_000).optional(),
  stale: z.literal('allow').optional(),
}

export const readQuery = z.strictObject(readOptions)

const momentError = 'must be a sequence, or an instant with its zone, such as 2026-12-01T15:00:00Z'

/** A moment of the past: a sequence of the user, or an instant. Reads of it come from the event log. */
export const asOf = z
  .union([queryInt(0, 9_007_199_254_740_990), z.iso.datetime({ offset: true, error: momentError })])
  .meta({
    description: 'As it was then: a sequence of the user, or an instant, which means all events up to it.',
  })
export type AsOf = z.infer<typeof asOf>

export const entityQuery = z.strictObject({ ...readOptions, as_of: asOf.optional() })

/** What lists are sorted by; `-` for the other way round. Titles are compared without case, those without a day are due last. */
export const listOrders = [
  '-created',
  'created',
  '-updated',
  'updated',
  'title',
  '-title',
  'due',
  '-due',
] as const
export type ListOrder = (typeof listOrders)[number]

/** What narrows lists and search alike. */
export const filterOptions = {
  type: severalOf(z.enum(entityTypes)).optional(),
  /** Items that have all of these. */
  tag: severalOf(tagNameText).optional(),
  /** Items that have one of these. */
  any_tag: severalOf(tagNameText).optional(),
  status: severalOf(z.enum(taskStatuses)).optional(),
  /** Days; a due instant counts by the day it names. Before and after leave out the day or instant itself. */
  due_before: z.iso.date().optional(),
  due_after: z.iso.date().optional(),
  created_before: instant.optional(),
  created_after: instant.optional(),
  updated_before: instant.optional(),
  updated_after: instant.optional(),
}

export const listQuery = z.strictObject({
  ...readOptions,
  as_of: asOf.optional(),
  ...filterOptions,
  /** Words that must be in title, tags or text, as `GET /v1/search` reads them. */
  q: cleanText(1_000, 1).optional(),
  /** Items that are connected with this one, whichever way; `relation` says how. */
  related_to: entityIdSchema.optional(),
  relation: z.enum(relationTypes).optional(),
  sort: z.enum(listOrders).optional(),
  limit: queryInt(1, 200).optional(),
  cursor: cleanText(limits.cursor, 1).optional(),
})
export type ListQuery = z.infer<typeof listQuery>

export const entityList = z
  .strictObject({ items: z.array(entitySchema), next: z.string().nullable() })
  .meta({ id: 'EntityList' })
export type EntityList = z.infer<typeof entityList>
