import type { SynapEvent } from '@synap/contracts'
import { forgetParked, type PlacedEvent } from '@synap/inbox'
import type { Logger } from '@synap/messaging'
import type { Client } from '@synap/postgres'
import { foldEvents } from './fold-events.ts'
import { embedAgain } from './sql/embed-jobs.ts'
import {
  cancelJobs,
  deleteResults,
  insertPurge,
  type Purge,
  reopenCancelled,
  supersedeJobs,
} from './sql/end-jobs.ts'
import { endRecorded } from './sql/end-recorded.ts'
import { findEntities, upsertEntities } from './sql/entities.ts'
import { insertJobs, insertRequestedRun } from './sql/insert-jobs.ts'
import { changeTag, upsertTimeZones } from './sql/users.ts'

/** A job for a bare title waits so long: its content may come in the next batch. */
const titleDelayMs = 1_500

/**
 * Writes what a batch of events comes to: items, vocabulary, time zones, and jobs for the workers. Nothing is enriched
 * here, so a slow model never holds a partition up.
 */
export async function applyEvents(
  client: Client,
  events: readonly PlacedEvent<SynapEvent>[],
  logger: Logger,
): Promise<void> {
  const entityIds = new Set(
    events.filter(({ aggregateType }) => aggregateType === 'entity').map(({ aggregateId }) => aggregateId),
  )
  const batch = foldEvents(await findEntities(client, [...entityIds]), events)
  if (batch.entities.length > 0) await upsertEntities(client, batch.entities)
  if (batch.timeZones.size > 0) await upsertTimeZones(client, batch.timeZones)
  for (const change of batch.tags) await changeTag(client, change)
  if (batch.superseded.length > 0) await supersedeJobs(client, batch.superseded)
  if (batch.deleted.length > 0) await cancelJobs(client, batch.deleted)
  const alive = batch.entities.filter(({ deleted }) => !deleted).map(({ entityId }) => entityId)
  const restored = batch.restored.filter((entityId) => alive.includes(entityId))
  if (restored.length > 0) await reopenCancelled(client, restored)
  const again = batch.jobs.length > 0 ? await insertJobs(client, batch.jobs, titleDelayMs) : []
  if (again.length + restored.length > 0) await embedAgain(client, [...again, ...restored])
  for (const request of batch.requested) {
    if (await insertRequestedRun(client, request)) continue
    const { entityId, run } = request
    logger.warn({ entityId, run }, 'a run was asked for of content that is not known here')
  }
  for (const analysis of batch.recorded) await endRecorded(client, analysis)
  const purges: Purge[] = [
    ...batch.purged.map(({ entityId, userId }) => ({ kind: 'entity' as const, subjectId: entityId, userId })),
    ...batch.erased.map((userId) => ({ kind: 'user' as const, subjectId: userId, userId })),
  ]
  for (const purge of purges) {
    await insertPurge(client, purge)
    await deleteResults(client, purge)
  }
  if (batch.erased.length > 0) await forgetParked(client, 'enrich', batch.erased)
}
