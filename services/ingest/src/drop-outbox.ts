import { describeError } from '@synap/core'
import type { Logger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import {
  checkPartition,
  deleteFromDefault,
  dropOutboxPartition,
  type OutboxPartition,
  passInserts,
  selectOutboxPartitions,
} from './sql/outbox-partitions.ts'

/** A published event stays this long, so that a topic that lost it can be filled again. */
export const keepMs = 24 * 3_600_000

export interface DropOptions {
  pool: Pool
  logger: Logger
  keepMs: number
}

export interface Dropped {
  /** Partitions that went. */
  dropped: string[]
  /** Partitions that are old enough and stay, with the reason. */
  overdue: { name: string; why: string }[]
}

const batch = 10_000

/**
 * Drops what of the outbox is not needed any more. A partition goes only when each of its rows was published `keepMs`
 * ago and is in the log, or parked there with its bytes; else it stays whole.
 */
export async function dropAccounted({ pool, logger, keepMs: keep }: DropOptions): Promise<Dropped> {
  const partitions = await inTransaction(pool, selectOutboxPartitions)
  const due = partitions.filter((partition) => isDue(partition, Date.now() - keep))
  const result: Dropped = { dropped: [], overdue: [] }
  if (due.length === 0) return result
  await inTransaction(pool, passInserts)
  for (const { name, is_default: isDefault } of due) {
    const check = await inTransaction(pool, (client) => checkPartition(client, name, keep)).catch(
      (error: unknown) => describeError(error),
    )
    const why = typeof check === 'string' ? `the log cannot be asked: ${check}` : whyKept(check)
    if (why !== undefined) result.overdue.push({ name, why })
    else if (typeof check !== 'string' && check.old) {
      const went = isDefault
        ? await emptyDefault(pool, check.last_id, keep)
        : await inTransaction(pool, (client) => dropOutboxPartition(client, name))
      if (went) {
        result.dropped.push(name)
        logger.info({ partition: name, rows: check.rows }, 'a part of the outbox is not needed any more')
      }
    }
  }
  return result
}

/** Cheap: by the highest id alone. A closed one whose highest id waits is looked at, for it may be overdue. */
function isDue({ closed, is_default: isDefault, newest_published_at: at }: OutboxPartition, before: number) {
  return at === null ? closed : (closed || isDefault) && at < before
}

function whyKept(check: Awaited<ReturnType<typeof checkPartition>>): string | undefined {
  if (check.waits) return 'an event of it is not published'
  if (!check.old || check.lacking_user === null) return undefined
  return `the log lacks event ${check.lacking_sequence} of user ${check.lacking_user}`
}

async function emptyDefault(pool: Pool, lastId: number | null, keep: number): Promise<boolean> {
  if (lastId === null) return false
  for (let deleted = batch; deleted === batch; ) {
    deleted = await inTransaction(pool, (client) =>
      deleteFromDefault(client, { lastId, keepMs: keep, limit: batch }),
    )
  }
  return true
}
