import type {
  OutboxStatus,
  ReconcileStatus,
  RepublishRequest,
  RepublishResponse,
  RetryResponse,
  SweepPreview,
} from '@synap/contracts'
import { type UserId, uuidv7 } from '@synap/core'
import { problem } from '@synap/http'
import type { Logger, MessageLog, Publisher } from '@synap/messaging'
import type { ObjectStore } from '@synap/object-store'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { dropOverview } from './drop-outbox.ts'
import { reconcile } from './reconcile/reconcile.ts'
import { findRefusal } from './refusal.ts'
import type { Relay } from './relay/relay.ts'
import { republish } from './republish.ts'
import type { SchemaBook } from './schema-book.ts'
import { countLastMinute, findOutboxOverview, releaseQuarantine, selectQuarantined } from './sql/outbox.ts'
import { beginReconciliation, findReconciliation } from './sql/reconcile.ts'
import { sweepDryRun } from './sweep/sweep-objects.ts'

export interface OperatorOptions {
  pool: Pool
  logger: Logger
  schemas: SchemaBook
  log: MessageLog
  topic: string
  relay: Relay
  store: ObjectStore
  /** Milliseconds since an object was put before the sweep looks at it. */
  sweepAgeMs: number
}

/** What whoever runs Synap may ask of the write side. */
export interface Operator {
  outbox(): Promise<OutboxStatus>
  republish(request: RepublishRequest, signal: AbortSignal): Promise<RepublishResponse>
  /** One user's events, or everybody's, that were held back. */
  retry(user: UserId | undefined): Promise<RetryResponse>
  /** Begins it where it is needed, or `force`. A conflict while one is under way. */
  beginReconcile(force: boolean): Promise<ReconcileStatus>
  reconcileStatus(): Promise<ReconcileStatus>
  /** What a round of the sweep would find; changes nothing. */
  previewSweep(signal: AbortSignal): Promise<SweepPreview>
  close(): Promise<void>
}

const maxQuarantined = 1_000
const patienceMs = 60_000

export function createOperator(options: OperatorOptions): Operator {
  const { pool, logger, schemas, log, topic, relay, store, sweepAgeMs: ageMs } = options
  const stop = new AbortController()
  let publisher: Publisher | undefined
  let reconciling = Promise.resolve()
  return {
    outbox: () => readOutbox(pool, relay),
    republish: (request, signal) => {
      publisher ??= log.publisher()
      return republish({ pool, schemas, publisher, topic }, request, AbortSignal.any([signal, stop.signal]))
    },
    retry: async (user) => {
      const released = await inTransaction(pool, async (client) => {
        const users =
          user === undefined
            ? (await selectQuarantined(client, maxQuarantined)).map((row) => row.user_id)
            : [user]
        let count = 0
        for (const each of users) if (await releaseQuarantine(client, each)) count += 1
        return count
      })
      relay.wake()
      return { released }
    },
    beginReconcile: async (force) => {
      const run = uuidv7()
      const begun = await inTransaction(pool, async (client) => {
        if (!force && (await findRefusal(client)) === null) return 'not needed'
        return (await beginReconciliation(client, run)) ? 'begun' : 'under way'
      })
      if (begun === 'under way') throw problem('conflict', { detail: 'A reconciliation is under way.' })
      if (begun === 'begun') {
        const { signal } = stop
        reconciling = reconcile({ pool, logger, topic: { log, name: topic }, run, signal, patienceMs })
      }
      return readReconcile(pool)
    },
    reconcileStatus: () => readReconcile(pool),
    previewSweep: async (signal) => {
      const ends = AbortSignal.any([signal, stop.signal])
      const { kept, orphans, orphanBytes } = await sweepDryRun({ pool, store, logger, ageMs, signal: ends })
      return { kept, orphans, orphanBytes }
    },
    close: async () => {
      stop.abort(new Error('ingest is closing'))
      await reconciling
      await publisher?.close()
    },
  }
}

const text = (at: number | null) => (at === null ? null : new Date(at).toISOString())

async function readOutbox(pool: Pool, relay: Relay): Promise<OutboxStatus> {
  const { partitions, overdue } = await dropOverview(pool)
  return inTransaction(pool, async (client) => {
    const overview = await findOutboxOverview(client)
    const held = await selectQuarantined(client, maxQuarantined)
    return {
      unpublished: overview.unpublished,
      oldestUnpublishedAt: text(overview.oldest_unpublished_at),
      lastMinute: await countLastMinute(client),
      relayEpoch: overview.relay_epoch,
      trouble: relay.trouble(),
      quarantined: held.map(({ user_id: userId, event_id: eventId, sequence, reason, since, waiting }) => ({
        userId,
        eventId,
        sequence,
        reason,
        since: new Date(since).toISOString(),
        waiting,
      })),
      partitions: partitions.map((partition) => ({
        name: partition.name,
        closed: partition.closed,
        rowsEstimate: partition.rows_estimate,
        bytes: partition.bytes,
        newestPublishedAt: text(partition.newest_published_at),
      })),
      overdue,
      write: (await findRefusal(client)) ?? 'ok',
    }
  })
}

async function readReconcile(pool: Pool): Promise<ReconcileStatus> {
  return inTransaction(pool, async (client) => {
    const row = await findReconciliation(client)
    return {
      phase: row?.phase ?? 'none',
      alive: row?.alive ?? true,
      startedAt: text(row?.started_at ?? null),
      finishedAt: text(row?.finished_at ?? null),
      topicRecords: row?.topic_records ?? 0,
      usersChecked: row?.users_checked ?? 0,
      usersMoved: row?.users_moved ?? 0,
      eventsFolded: row?.events_folded ?? 0,
      eventsUnfoldable: row?.events_unfoldable ?? 0,
      detail: row?.detail ?? null,
      write: (await findRefusal(client)) ?? 'ok',
    }
  })
}
