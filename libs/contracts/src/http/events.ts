import type { AggregateId, EventId } from '@synap/core'
import { z } from 'zod'
import { idSchema } from '../event/field.ts'
import { cleanText, instant, limits } from '../text.ts'
import { readOptions } from './entity.ts'
import { jsonValue, queryInt, sequenceNumber, timeText, versionNumber } from './shared.ts'

const eventId = idSchema<EventId>()
const aggregateId = idSchema<AggregateId>()
const traceId = z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 lower-case hexadecimal characters')
const typeWord = /^[a-z_]+(\.[a-z_]+)+$/
const day = z.iso.date()
const cursor = cleanText(limits.cursor, 1).optional()
const maxSequence = 9_007_199_254_740_990

/** Event types in a query string, with commas between them. */
const typeList = z
  .string()
  .max(2_000)
  .transform((text) => text.split(','))
  .pipe(z.array(z.string().regex(typeWord, 'must be event types, with commas between them')).max(50))

export const eventParams = z.strictObject({ id: eventId })

const eventFields = {
  id: eventId,
  /** A word of the catalogue, or one that is newer than this server. */
  type: z.string(),
  aggregateType: z.string(),
  aggregateId,
  version: versionNumber,
  sequence: sequenceNumber,
  occurredAt: timeText,
  source: z.string(),
  correlationId: traceId,
  causationId: eventId.nullable(),
  actor: z.strictObject({ kind: z.string(), id: z.string().nullable() }),
  delta: z
    .record(z.string(), jsonValue)
    .meta({ description: 'What changed; its fields depend on the type.' }),
}

export const eventSchema = z
  .strictObject(eventFields)
  .meta({ id: 'Event', description: 'An event of the log, as it was written.' })
export type EventView = z.infer<typeof eventSchema>

export const eventsQuery = z.strictObject({
  ...readOptions,
  type: typeList.optional(),
  aggregate: aggregateId.optional(),
  correlation: traceId.optional(),
  /** Instants; `from` is included, `to` is not. */
  from: instant.optional(),
  to: instant.optional(),
  /** Only events behind this sequence; the list then ends before an event that may still turn up. */
  since: queryInt(0, maxSequence).optional(),
  order: z.enum(['newest', 'oldest']).optional(),
  limit: queryInt(1, 200).optional(),
  cursor,
})
export type EventsQuery = z.infer<typeof eventsQuery>

export const eventList = z
  .strictObject({ items: z.array(eventSchema), next: z.string().nullable() })
  .meta({ id: 'EventList' })
export type EventList = z.infer<typeof eventList>

/** `since`: for whoever cannot send `Last-Event-ID`, which wins over it. With neither the stream begins now. */
export const eventStreamQuery = z.strictObject({ since: queryInt(0, maxSequence).optional() })
export type EventStreamQuery = z.infer<typeof eventStreamQuery>

export const eventChain = z
  .strictObject({
    event: eventSchema,
    causes: z.array(eventSchema).meta({ description: 'What caused it, the nearest cause first.' }),
    effects: z.array(eventSchema).meta({
      description: 'What it caused, and what that caused: one generation after the other.',
    }),
    complete: z.boolean().meta({ description: 'False when there are more effects than shown.' }),
  })
  .meta({ id: 'EventChain' })
export type EventChain = z.infer<typeof eventChain>

export const eventCountsQuery = z.strictObject({
  ...readOptions,
  type: typeList.optional(),
  /** Days (UTC), both included. By the hour both are needed, at most 31 days. */
  from: day.optional(),
  to: day.optional(),
  by: z.enum(['day', 'hour']).optional(),
})
export type EventCountsQuery = z.infer<typeof eventCountsQuery>

export const eventCounts = z
  .strictObject({
    items: z.array(
      z.strictObject({
        at: z.string().meta({ description: 'The day (2026-11-21), or where the hour begins, in UTC.' }),
        type: z.string(),
        events: z.int().min(1),
      }),
    ),
    total: z.int().min(0),
  })
  .meta({ id: 'EventCounts' })
export type EventCounts = z.infer<typeof eventCounts>

export const historyQuery = z.strictObject({
  ...readOptions,
  analyses: z
    .literal('true')
    .optional()
    .meta({ description: 'With what was asked of enrichment, came of it, and failed.' }),
  limit: queryInt(1, 200).optional(),
  cursor,
})
export type HistoryQuery = z.infer<typeof historyQuery>

export const historyEntry = z
  .strictObject({
    ...eventFields,
    summary: z.string().meta({ description: 'What happened, in one sentence for a person.' }),
    changes: z.array(z.strictObject({ field: z.string(), from: jsonValue, to: jsonValue })),
    who: z.strictObject({
      kind: z.string(),
      id: z.string().nullable(),
      model: z.string().nullable().meta({ description: 'The model, when AI did it.' }),
    }),
    why: z.strictObject({
      source: z.string(),
      cause: z.strictObject({ id: eventId, type: z.string(), summary: z.string() }).nullable(),
    }),
  })
  .meta({ id: 'HistoryEntry', description: 'An event of an item, with who did it and why.' })
export type HistoryEntry = z.infer<typeof historyEntry>

export const historyList = z
  .strictObject({
    items: z.array(historyEntry),
    next: z.string().nullable(),
    incomplete: z
      .literal(true)
      .optional()
      .meta({ description: 'Analyses were asked for, and cannot be told now.' }),
  })
  .meta({ id: 'History' })
export type HistoryList = z.infer<typeof historyList>
