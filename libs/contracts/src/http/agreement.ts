import { z } from 'zod'
import { queryInt, sequenceNumber, timeText, userIdSchema, versionNumber } from './shared.ts'

const count = z.int().min(0)

/** The stores that the ledger compares, in the order in which an event comes to them. */
export const ledgerStores = ['outbox', 'topic', 'log', 'read_model'] as const
export type LedgerStore = (typeof ledgerStores)[number]

/**
 * What the ledger finds of an event in a store:
 *
 * - `lost`: it was there, or has to be, and is not,
 * - `absent`: its number was given out, and no store has it; consumers hold its place,
 * - `fork`: another event stands at its number,
 * - `duplicated`: it stands there twice,
 * - `ahead`: its number was never given out,
 * - `parked`: the store holds its place and has not applied it,
 * - `in_flight`: it is on its way there,
 * - `repeated`: the topic has it more than once, as at-least-once delivery may,
 * - `discarded`: an operator, or the erasure of the user, gave it up.
 */
export const findingKinds = [
  'lost',
  'absent',
  'fork',
  'duplicated',
  'ahead',
  'parked',
  'in_flight',
  'repeated',
  'discarded',
] as const
export type FindingKind = (typeof findingKinds)[number]

export const ledgerFinding = z
  .strictObject({
    kind: z.enum(findingKinds),
    store: z.enum(ledgerStores),
    userId: userIdSchema,
    /** Of the first event where it is about several. */
    sequence: sequenceNumber,
    /** How many events it is about: this sequence and those after it. */
    events: z.int().min(1),
    aggregateId: z.uuid().nullable(),
    version: versionNumber.nullable(),
    detail: z.string(),
  })
  .meta({ id: 'LedgerFinding' })
export type LedgerFinding = z.infer<typeof ledgerFinding>

/** What a comparison of all stores came to. */
export const agreement = z
  .strictObject({
    /** False when anything was found but events in flight, repeated or discarded. */
    agrees: z.boolean(),
    /** The one user it is about; null for all. */
    userId: userIdSchema.nullable(),
    startedAt: timeText,
    finishedAt: timeText,
    users: count,
    /** Numbers that the write model has given out. */
    events: count,
    /** What the stores hold of them; `records` are those of the topic, repeated ones too. Null when it was not read. */
    held: z.strictObject({
      outbox: count,
      topic: z.strictObject({ records: count, unplaced: count, passes: count }).nullable(),
      log: count,
      /** Events that the read model has accounted for. */
      readModel: count,
    }),
    /** How many events of each kind and store; those of none are left out. */
    found: z.array(
      z.strictObject({ kind: z.enum(findingKinds), store: z.enum(ledgerStores), events: count }),
    ),
    /** When the oldest event in flight was accepted. */
    oldestInFlightAt: timeText.nullable(),
  })
  .meta({ id: 'LedgerAgreement' })
export type Agreement = z.infer<typeof agreement>

/** `GET /internal/ledger/agreement`: compares the stores, for all users or for one. */
export const agreementQuery = z.strictObject({
  user: userIdSchema.optional(),
  topic: z.enum(['true', 'false']).default('true'),
  /** Findings told of each kind and store; all are counted. */
  limit: queryInt(0, 10_000).optional(),
})
export type AgreementQuery = z.infer<typeof agreementQuery>

/** One line (JSON) of the answer: how far it is, something found, or, last, what it came to. */
export const agreementLine = z.union([
  z.strictObject({
    progress: z.strictObject({ phase: z.enum(['topic', 'events']), done: count, of: count.nullable() }),
  }),
  z.strictObject({ finding: ledgerFinding }),
  z.strictObject({ agreement }),
])
export type AgreementLine = z.infer<typeof agreementLine>
