import { z } from 'zod'
import { cleanText, limits } from '../text.ts'
import { queryInt, sequenceNumber, sha256Text, timeText, userIdSchema } from './shared.ts'

/** Why something is parked: a stable word for tables, metrics and programs. */
export const parkReasons = [
  /** A record without a usable set of headers; takes no slot. */
  'headers_unusable',
  /** Key, headers and payload disagree; takes no slot. */
  'inconsistent',
  /** Another event already has this user's sequence; takes no slot. Alarm. */
  'fork',
  /** Neither topic nor ingest has it. Alarm. */
  'missing',
  /** Bytes that are no framed record, or do not follow their schema. */
  'undecodable',
  /** The process died while it decoded this record; the bytes are kept unread. Alarm. */
  'killer',
  /** Of a type this build does not know; tried again by a newer one. */
  'needs_newer_code',
  /** The store refused it as data. */
  'refused_by_store',
  /** An earlier event of its aggregate (or its user's own aggregate) is parked. */
  'behind_parked',
  /** Its aggregate has a gap since an event is missing. */
  'behind_missing',
] as const
export type ParkReason = (typeof parkReasons)[number]

/** Who keeps parked rows: the services that consume, each its own. */
export const parkingConsumers = ['events-writer', 'projector', 'enricher'] as const
export type ParkingConsumer = (typeof parkingConsumers)[number]

const count = z.int().min(0)
const groupId = z.string().regex(/^[0-9a-f]{12}$/, 'must be 12 lower-case hexadecimal characters')
const rowId = z.int().min(0)
const parkedState = z.enum(['open', 'closed'])

export const parkedParams = z.strictObject({ group: groupId })

/** `GET /v1/parked` */
export const parkedQuery = z.strictObject({
  consumer: z.enum(parkingConsumers).optional(),
  /** `closed`: what was applied in the end, or discarded. */
  state: parkedState.optional(),
})

export const parkedGroup = z
  .strictObject({
    id: groupId.meta({ description: 'The same for the same consumer, reason and cause, for ever.' }),
    consumer: z.enum(parkingConsumers),
    store: z.string().meta({
      description:
        'Where it is kept: `log`, `enrich`, `read_v1`; a second read model while one takes the other’s place.',
    }),
    kind: z.enum(['event', 'record']).meta({
      description: 'An `event` holds its place in the order of its user; a `record` has no place.',
    }),
    reason: z.string(),
    cause: z.string().nullable().meta({ description: 'The detail without ids and numbers.' }),
    events: count.meta({ description: 'What is parked for this cause itself.' }),
    waiting: count.meta({ description: 'Later events of the same items that wait behind these.' }),
    retrying: count.meta({ description: 'Marked for a retry that was not made yet.' }),
    retryable: count.meta({ description: 'How many of the events a retry would try.' }),
    discarded: count.meta({ description: 'Of closed ones: how many were given up.' }),
    users: count,
    oldestAt: timeText,
    newestAt: timeText,
    upTo: rowId.meta({ description: 'Hand it back, and what was parked later stays out of it.' }),
    exampleType: z.string().nullable().meta({ description: 'Type of the oldest event.' }),
    meaning: z.string(),
    advice: z.string(),
    ifDiscarded: z.string(),
  })
  .meta({ id: 'ParkedGroup' })
export type ParkedGroup = z.infer<typeof parkedGroup>

export const parkedList = z
  .strictObject({
    items: z.array(parkedGroup),
    unknown: z
      .array(z.enum(parkingConsumers))
      .meta({ description: 'Consumers that cannot be asked now: what they have parked is not in here.' }),
  })
  .meta({ id: 'ParkedList' })
export type ParkedList = z.infer<typeof parkedList>

/** `GET /v1/parked/{group}/events` */
export const parkedEventsQuery = z.strictObject({
  state: parkedState.optional(),
  limit: queryInt(1, 200).optional(),
  cursor: cleanText(limits.cursor, 1).optional(),
})

export const parkedStep = z
  .strictObject({
    at: timeText,
    step: z.enum(['parked', 'marked', 'started', 'tried', 'asked', 'filled', 'applied', 'discarded']).meta({
      description:
        '`marked`: somebody wanted a retry. `started`: bytes that have killed a process are decoded. `tried`: in vain. `asked`: ingest had nothing new. `filled`: its bytes came.',
    }),
    reason: z.string().nullable(),
    detail: z.string().nullable(),
    byUser: z.uuid().nullable().meta({ description: 'Null: the consumer itself.' }),
    byKey: z.uuid().nullable(),
    why: z.string().nullable(),
    times: count.meta({ description: 'More than 1: the same again and again, until `lastAt`.' }),
    lastAt: timeText,
  })
  .meta({ id: 'ParkedStep' })
export type ParkedStep = z.infer<typeof parkedStep>

export const parkedEvent = z
  .strictObject({
    id: rowId,
    state: z.enum(['open', 'retry', 'applied', 'discarded']),
    reason: z.string(),
    detail: z.string().nullable(),
    userId: userIdSchema.nullable(),
    aggregateId: z.uuid().nullable(),
    aggregateType: z.string().nullable(),
    version: z.int().nullable(),
    sequence: sequenceNumber.nullable(),
    eventId: z.uuid().nullable(),
    type: z.string().nullable(),
    record: z
      .strictObject({ topic: z.string(), partition: z.int(), offset: count })
      .nullable()
      .meta({ description: 'Null: it did not come off a topic.' }),
    key: z.string().nullable().meta({ description: 'Null also where it is made of anything but ids.' }),
    headers: z.record(z.string(), z.string()).meta({
      description: 'Those that Synap knows, cut to 200 characters; of others only the length.',
    }),
    bytes: z.strictObject({ length: count, sha256: sha256Text }).nullable(),
    decoded: z
      .strictObject({
        outcome: z.enum(['decoded', 'not']),
        note: z.string().nullable(),
        envelope: z.record(z.string(), z.unknown()).nullable(),
        fields: z
          .record(z.string(), z.string())
          .nullable()
          .meta({ description: 'The shape of what the event changes, never the content.' }),
      })
      .meta({ id: 'ParkedBytes' }),
    attempts: count,
    waiting: count,
    parkedAt: timeText,
    history: z.array(parkedStep).meta({ description: 'The newest 50 steps, oldest first.' }),
  })
  .meta({ id: 'ParkedEvent' })
export type ParkedEvent = z.infer<typeof parkedEvent>

export const parkedEventList = z
  .strictObject({ items: z.array(parkedEvent), next: z.string().nullable() })
  .meta({ id: 'ParkedEventList' })
export type ParkedEventList = z.infer<typeof parkedEventList>

/** `POST /v1/parked/{group}:retry` */
export const parkedRetryRequest = z
  .strictObject({
    dryRun: z.boolean().optional().meta({ description: 'Counts, and marks nothing.' }),
    upTo: rowId.optional().meta({ description: 'As the group said it; what was parked later is left out.' }),
  })
  .meta({ id: 'ParkedRetryRequest' })
export type ParkedRetryRequest = z.infer<typeof parkedRetryRequest>

/** `POST /v1/parked/{group}:discard` */
export const parkedDiscardRequest = z
  .strictObject({
    reason: cleanText(500, 3).meta({ description: 'Why they are given up; kept with them.' }),
    upTo: rowId.meta({ description: 'As the group said it: only what was looked at is given up.' }),
    dryRun: z.boolean().optional(),
  })
  .meta({ id: 'ParkedDiscardRequest' })
export type ParkedDiscardRequest = z.infer<typeof parkedDiscardRequest>

/** The consumer acts on what is marked within seconds. */
export const parkedActionResponse = z
  .strictObject({
    group: groupId,
    dryRun: z.boolean(),
    events: count.meta({ description: 'Marked for a retry, or given up.' }),
    waiting: count.meta({ description: 'What waits behind them and goes on then, in its order.' }),
    ifDiscarded: z.string().nullable(),
  })
  .meta({ id: 'ParkedActionResponse' })
export type ParkedActionResponse = z.infer<typeof parkedActionResponse>
