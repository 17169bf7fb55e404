import { describeError } from '@synap/core'
import type { Logger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import {
  checkPartition,
  deleteFromDefault,
  dropOutboxPartition,
  type OutboxPartition,
  type PartitionCheck,
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
  const due = dueOf(await inTransaction(pool, selectOutboxPartitions), keep)
  const result: Dropped = { dropped: [], overdue: [] }
  if (due.length === 0) return result
  await inTransaction(pool, passInserts)
  for (const { name, is_default: isDefault } of due) {
    const { why, check } = await judge(pool, name, keep)
    if (why !== undefined) result.overdue.push({ name, why })
    else if (check?.old === true) {
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

/** The partitions, and which of them should have gone and why they cannot; drops nothing. */
export async function dropOverview(
  pool: Pool,
): Promise<{ partitions: OutboxPartition[]; overdue: Dropped['overdue'] }> {
  const partitions = await inTransaction(pool, selectOutboxPartitions)
  const overdue: Dropped['overdue'] = []
  for (const { name } of dueOf(partitions, keepMs)) {
    const { why } = await judge(pool, name, keepMs)
    if (why !== undefined) overdue.push({ name, why })
  }
  return { partitions, overdue }
}

const dueOf = (partitions: readonly OutboxPartition[], keep: number) =>
  partitions.filter((partition) => isDue(partition, Date.now() - keep))

async function judge(
  pool: Pool,
  name: string,
  keep: number,
): Promise<{ check?: PartitionCheck; why?: string | undefined }> {
  try {
    const check = await inTransaction(pool, (client) => checkPartition(client, name, keep))
    return { check, why: whyKept(check) }
  } catch (error) {
    return { why: `the log cannot be asked: ${describeError(error)}` }
  }
}

/** Cheap: by the highest id alone. A closed one whose highest id waits is looked at, for it may be overdue. */
function isDue({ closed, is_default: isDefault, newest_published_at: at }: OutboxPartition, before: number) {
  return at === null ? closed : (closed || isDefault) && at < before
}

function whyKept(check: PartitionCheck): string | undefined {
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
