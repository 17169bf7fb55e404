import type { DerivedRecord } from '@synap/contracts'
import { crashpoint } from '@synap/core'
import type { Pool } from '@synap/postgres'
import { inTransaction } from '../database.ts'
import type { DerivedPublisher } from '../publish-derived.ts'
import { repeatPurge } from '../sql/purges.ts'
import { upsertPublished } from '../sql/results.ts'
import type { StepContext } from './step.ts'

export interface Announcing {
  pool: Pool
  derived: DerivedPublisher
}

/**
 * Publishes the records of one producer. Where they will stand is written before, so that a purge from then on buries
 * them; and a purge that came while they were on their way, when its tombstones may have gone before them, is done
 * again. No transaction is open meanwhile: the topic may be away for seconds, or be a table of the same database.
 */
export async function announce(
  { pool, derived }: Announcing,
  { job, signal, commit }: StepContext,
  producer: string,
  records: readonly DerivedRecord[],
): Promise<void> {
  await commit((client) => upsertPublished(client, { ...job, producer }, records.length))
  try {
    await derived.publish(records, signal)
    crashpoint('enricher.after_publish')
    await commit(async () => undefined)
  } catch (error) {
    await inTransaction(pool, async (client) => {
      // It may stand there all the same, and what stands there must be known: the row may have gone with a clean-up.
      await upsertPublished(client, { ...job, producer }, records.length)
      await repeatPurge(client, job)
    })
    throw error
  }
}
