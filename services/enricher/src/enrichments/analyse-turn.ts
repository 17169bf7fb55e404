import { ApiError, type SynapClient } from '@synap/client'
import { crashpoint, type EntityId } from '@synap/core'
import type { Pool } from '@synap/postgres'
import { inTransaction } from '../database.ts'
import { countItems, dropItems, settleItem, takeItems } from '../sql/enrichment-items.ts'
import {
  cancelItsJobs,
  countJobs,
  countOpenJobsOf,
  type Enrichment,
  endEnrichment,
  holdEnrichment,
  moveEnrichment,
  noteCounts,
  postponeEnrichment,
} from '../sql/enrichments.ts'

export interface AnalyseTurnOptions {
  pool: Pool
  client: Pick<SynapClient, 'enrich'>
}

/** Runs of one enrichment that are under way: enough for every hand, few enough to be stopped soon. */
const window = 50
const idleMs = 250

/**
 * The next turn of a run over many items. Each is asked for through the front door, as a person would: ingest gives the run
 * its number, and the event comes back like any other.
 */
export async function takeAnalyseTurn(
  options: AnalyseTurnOptions,
  work: Enrichment,
  signal: AbortSignal,
): Promise<void> {
  const { pool } = options
  if (work.state === 'asked') return inTransaction(pool, (client) => moveEnrichment(client, work, 'building'))
  if (work.state === 'building') return ask(options, work, signal)
  return cancel(options, work)
}

async function ask({ pool, client: ingest }: AnalyseTurnOptions, work: Enrichment, signal: AbortSignal) {
  const items = await inTransaction(pool, async (client) => {
    if (!(await holdEnrichment(client, work))) return []
    const { waiting, coming, gone } = await countItems(client, work)
    const open = await countOpenJobsOf(client, work)
    if (waiting + coming + open === 0) {
      const { done, failed, open: none } = await countJobs(client, work)
      await noteCounts(client, work, { done: done + gone, failed, open: none })
      await endEnrichment(client, work, 'done', null)
      return []
    }
    await postponeEnrichment(client, work, idleMs, null)
    const room = window - open - coming
    return room > 0 ? takeItems(client, work, room) : []
  })
  for (const entityId of items) {
    const state = await askFor(ingest, work, entityId, signal)
    crashpoint('enricher.after_asking')
    await inTransaction(pool, (client) => settleItem(client, work, entityId, state))
  }
}

/** `gone`: deleted, purged or emptied meanwhile. */
async function askFor(
  ingest: AnalyseTurnOptions['client'],
  { enrichmentId, userId }: Enrichment,
  entityId: EntityId,
  signal: AbortSignal,
): Promise<'asked' | 'gone'> {
  try {
    await ingest.enrich(
      entityId,
      {},
      { signal, actFor: userId, idempotencyKey: `${enrichmentId}:${entityId}` },
    )
    return 'asked'
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 422)) return 'gone'
    throw error
  }
}

/** What was recorded stays: it is an analysis like any other. */
async function cancel({ pool }: AnalyseTurnOptions, work: Enrichment) {
  await inTransaction(pool, async (client) => {
    if (!(await holdEnrichment(client, work))) return
    await dropItems(client, work)
    const left = await cancelItsJobs(client, work)
    if (left > 0) return postponeEnrichment(client, work, idleMs, null)
    await noteCounts(client, work, await countJobs(client, work))
    return endEnrichment(client, work, 'cancelled', null)
  })
}
