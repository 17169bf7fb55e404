import { describeError, SynapError, type UserId, wait } from '@synap/core'
import type { Logger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { inTransaction } from '../database.ts'
import { createSchemaBook } from '../schema-book.ts'
import {
  endReconciliation,
  type LogHeadRow,
  noteReconciliation,
  type ReconcileCounts,
  selectHeadsOf,
  selectLogHeads,
} from '../sql/reconcile.ts'
import { readTopicHeads, type TopicToRead } from './read-topic-heads.ts'
import { restoreUser } from './restore-user.ts'

export interface ReconcileOptions {
  pool: Pool
  logger: Logger
  topic: TopicToRead
  /** The run that was begun, see `beginReconciliation`. */
  run: string
  signal: AbortSignal
  /** Milliseconds that the log may stand still behind the topic before it is given up. */
  patienceMs: number
}

const users = 500
const noteEveryMs = 1_000

/**
 * Sets each user to exactly the highest sequence that the log, its parked events and the topic know, and brings the
 * streams there. Never rejects: how it ended is in `write.reconciliation`, and writes are let in only when it went well.
 */
export async function reconcile(options: ReconcileOptions): Promise<void> {
  const { pool, logger, run, signal } = options
  const counts: ReconcileCounts = {
    topic_records: 0,
    users_checked: 0,
    users_moved: 0,
    events_folded: 0,
    events_unfoldable: 0,
  }
  const lost = new AbortController()
  let phase: 'topic' | 'users' = 'topic'
  const note = async () => {
    const isOurs = await inTransaction(pool, (client) => noteReconciliation(client, run, { phase, counts }))
    if (!isOurs) lost.abort(new Error('another reconciliation has taken over'))
  }
  const noting = setInterval(() => {
    note().catch((error: unknown) => logger.warn({ error }, 'a reconciliation could not say how far it is'))
  }, noteEveryMs)
  const work = AbortSignal.any([signal, lost.signal])
  let failure: string | null = null
  try {
    const heads = await readTopicHeads(options.topic, (records) => (counts.topic_records += records), work)
    phase = 'users'
    await note()
    await reconcileUsers({ ...options, signal: work }, heads, { counts, note })
    await note()
  } catch (error) {
    failure = describeError(error)
    logger.error({ error, alarm: 'reconcile_failed' }, 'the reconciliation failed: writes stay refused')
  } finally {
    clearInterval(noting)
  }
  await inTransaction(pool, (client) => endReconciliation(client, run, failure)).catch((error: unknown) => {
    logger.error({ error }, 'the end of a reconciliation could not be stored')
  })
  if (failure === null) logger.info({ ...counts }, 'the write database is reconciled')
}

interface Progress {
  counts: ReconcileCounts
  note: () => Promise<void>
}

async function reconcileUsers(
  options: ReconcileOptions,
  heads: Map<UserId, number>,
  progress: Progress,
): Promise<void> {
  const { pool, signal } = options
  let after: UserId | null = null
  for (let rows: LogHeadRow[] = []; ; ) {
    rows = await inTransaction(pool, (client) => selectLogHeads(client, after, users), { signal })
    await reconcilePage(options, rows, heads, progress)
    const last = rows.at(-1)
    if (last === undefined || rows.length < users) break
    after = last.user_id
  }
  // Whom the log does not know yet.
  const rest = [...heads.keys()]
  for (let at = 0; at < rest.length; at += users) {
    const page = rest.slice(at, at + users)
    const rows = await inTransaction(pool, (client) => selectHeadsOf(client, page), { signal })
    await reconcilePage(options, rows, heads, progress)
  }
}

async function reconcilePage(
  options: ReconcileOptions,
  rows: readonly LogHeadRow[],
  heads: Map<UserId, number>,
  { counts, note }: Progress,
): Promise<void> {
  const { pool, signal } = options
  for (const { user_id: userId, seen, sequence } of rows) {
    const target = Math.max(seen, heads.get(userId) ?? 0)
    heads.delete(userId)
    counts.users_checked += 1
    if (target <= sequence) continue
    if (target > seen) await logReaches(options, userId, target)
    const schemas = await createSchemaBook(pool)
    const onPage = async () => {
      signal.throwIfAborted()
      await note()
    }
    const restored = await restoreUser({ pool, schemas }, userId, { from: sequence, target, onPage })
    counts.users_moved += 1
    counts.events_folded += restored.folded
    counts.events_unfoldable += restored.unfoldable
  }
}

/** Waits until the log has everything of the user that the topic has: it alone can tell what the events are. */
async function logReaches(
  { pool, signal, patienceMs }: ReconcileOptions,
  userId: UserId,
  target: number,
): Promise<void> {
  let before = -1
  let movedAt = performance.now()
  for (;;) {
    const [row] = await inTransaction(pool, (client) => selectHeadsOf(client, [userId]), { signal })
    const seen = row?.seen ?? 0
    if (seen >= target) return
    if (seen > before) movedAt = performance.now()
    before = seen
    if (performance.now() - movedAt > patienceMs) {
      throw new SynapError(`the log is behind the topic and stands still: does the events-writer run?`, {
        code: 'reconcile.log_behind',
        class: 'dependency',
        fields: { userId, seen, target },
      })
    }
    await wait(200, signal)
  }
}
