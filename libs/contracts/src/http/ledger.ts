import { z } from 'zod'
import { userIdSchema } from './shared.ts'

const count = z.int().min(0)

/** `GET /internal/ledger`: with `topic=true` the topic is read too, which takes longest. */
export const ledgerQuery = z.strictObject({
  topic: z.enum(['true', 'false']).default('false'),
})
export type LedgerQuery = z.infer<typeof ledgerQuery>

/** What each store holds of one user. Items are entities; events are counted by sequence. */
export const ledgerResponse = z
  .strictObject({
    userId: userIdSchema,
    /** The write model: what was acknowledged. */
    acknowledged: z.strictObject({ items: count, withContent: count, events: count }),
    /** Content objects referenced by the write model, and how many of them are in the bucket. */
    objects: z.strictObject({ referenced: count, present: count, unreferenced: count }),
    outbox: z.strictObject({ events: count, unpublished: count }),
    /** Events of the topic by sequence; those delivered again are counted apart. Null when it was not read. */
    topic: z.strictObject({ events: count, repeated: count }).nullable(),
    log: z.strictObject({ events: count, parked: count }),
    readModel: z.strictObject({
      items: count,
      seen: count,
      parked: count,
      texts: count,
      vectors: count,
    }),
    /** Jobs of the enricher by their end. */
    jobs: z.strictObject({ done: count, failed: count, open: count, withoutVectors: count }),
  })
  .meta({ id: 'Ledger' })
export type Ledger = z.infer<typeof ledgerResponse>
