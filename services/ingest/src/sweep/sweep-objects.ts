import { describeError, SynapError, type UserId } from '@synap/core'
import type { Logger } from '@synap/messaging'
import { type ListedObject, type ObjectStore, ownerOfKey } from '@synap/object-store'
import type { Pool } from '@synap/postgres'
import { inTransaction } from '../database.ts'
import { selectHeadsOf } from '../sql/reconcile.ts'
import {
  deleteEnded,
  dropOrphans,
  noteDeleted,
  noteSweep,
  type SweepTurn,
  selectDropped,
  selectOrphans,
} from '../sql/sweep.ts'

export interface SweepOptions {
  pool: Pool
  store: ObjectStore
  logger: Logger
  /** Milliseconds since an object was put: younger ones are left alone. */
  ageMs: number
  /** The same for the files of exports, which go by their age alone; a day more than query keeps them by default. */
  exportAgeMs?: number
  signal: AbortSignal
}

export interface SweepCounts {
  /** Objects of ingest that were old enough, and stay. */
  kept: number
  /** Objects that nothing held. In a dry run: that would have been given up. */
  orphans: number
  orphanBytes: number
  /** Objects that were deleted, those of purges included. */
  deleted: number
  /** Uploads in parts that never became an object, and the like. */
  unfinished: number
}

export const noCounts = (): SweepCounts => ({
  kept: 0,
  orphans: 0,
  orphanBytes: 0,
  deleted: 0,
  unfinished: 0,
})

const pageKeys = 500
const parallel = 8
const day = 86_400_000
/** A deletion that is later than that is not thought possible, so the key may be put again. */
const keepMs = { dropped: 30 * day, uploads: day }
export const turnMs = 60_000

/** Deletes what was given up: what a purge left, and what a sweep before did not get to. Answers how many. */
export async function deleteDropped({ pool, store, signal }: SweepOptions): Promise<number> {
  let deleted = 0
  for (;;) {
    const keys = await inTransaction(pool, (client) => selectDropped(client, pageKeys), { signal })
    await deleteAll(store, keys, signal)
    await inTransaction(pool, (client) => noteDeleted(client, keys), { signal })
    deleted += keys.length
    if (keys.length < pageKeys) return deleted
  }
}

async function deleteAll(store: ObjectStore, keys: readonly string[], signal: AbortSignal): Promise<void> {
  for (let at = 0; at < keys.length; at += parallel) {
    await Promise.all(keys.slice(at, at + parallel).map((key) => store.delete(key, { signal })))
  }
}

/**
 * One round over the store, page by page: what is old enough and held by neither ledger, lease nor a request that may come
 * again is given up in the database and then deleted. Goes on where a round before broke off. Counts into `counts`.
 * Rejects with class dependency, or with `sweep.turn_lost` (dependency) when another has taken over.
 */
export async function sweepRound(options: SweepOptions, turn: SweepTurn, counts: SweepCounts): Promise<void> {
  const { pool, store, ageMs, signal } = options
  const note = async (afterKey: string | null) => {
    const isOurs = await inTransaction(pool, (client) =>
      noteSweep(client, turn.epoch, { afterKey, ttlMs: turnMs }),
    )
    if (isOurs) return
    throw new SynapError('another sweep has taken over', { code: 'sweep.turn_lost', class: 'dependency' })
  }
  const before = Date.now() - ageMs
  for await (const page of pagesOf(store, turn.after_key, signal)) {
    const old = page.filter(({ key, modifiedAt }) => modifiedAt <= before && isOurs(key))
    const orphans = await findOrphans(options, old)
    const given = await inTransaction(
      pool,
      async (client) => (orphans.length === 0 ? [] : dropOrphans(client, turn.epoch, orphans)),
      { signal },
    )
    count(counts, old, given)
    counts.deleted += await deleteDropped(options)
    counts.deleted += await deleteEndedExports(options, page)
    await note(page.at(-1)?.key ?? null)
  }
  counts.unfinished += await store.dropUnfinished(Date.now() - Math.max(ageMs, day), { signal })
  await inTransaction(pool, (client) => deleteEnded(client, keepMs), { signal })
  await note(null)
}

/** Query deletes a user's old exports when that user asks for another; those of users who never do go here. */
async function deleteEndedExports(
  { store, signal, exportAgeMs = 8 * day }: SweepOptions,
  page: readonly ListedObject[],
): Promise<number> {
  const before = Date.now() - exportAgeMs
  const ended = page.filter(
    ({ key, modifiedAt }) => modifiedAt <= before && ownerOfKey(key)?.kind === 'export',
  )
  await deleteAll(
    store,
    ended.map(({ key }) => key),
    signal,
  )
  return ended.length
}

/** The same look over all of the store, which changes nothing. */
export async function sweepDryRun(options: SweepOptions): Promise<SweepCounts> {
  const { store, ageMs, signal } = options
  const counts = noCounts()
  const before = Date.now() - ageMs
  for await (const page of pagesOf(store, null, signal)) {
    const old = page.filter(({ key, modifiedAt }) => modifiedAt <= before && isOurs(key))
    count(counts, old, await findOrphans(options, old))
  }
  return counts
}

function count(counts: SweepCounts, looked: readonly ListedObject[], orphans: readonly string[]): void {
  const gone = new Set(orphans)
  counts.orphans += gone.size
  counts.kept += looked.length - gone.size
  for (const { key, size } of looked) if (gone.has(key)) counts.orphanBytes += size
}

/** What the ledger knows. Extracted text is the enricher's; exports go by their age. */
const isOurs = (key: string) => ownerOfKey(key)?.kind === 'content' || ownerOfKey(key)?.kind === 'attachment'

/**
 * Candidates, without a lock. A user of whom the log knows more than this database keeps everything: then the ledger
 * lacks rows, whoever says that it was reconciled.
 */
async function findOrphans(
  { pool, logger, signal }: SweepOptions,
  objects: readonly ListedObject[],
): Promise<string[]> {
  if (objects.length === 0) return []
  const keys = objects.map(({ key }) => key)
  const orphans = await inTransaction(pool, (client) => selectOrphans(client, keys), { signal })
  const users = new Set(orphans.flatMap((key) => ownerOfKey(key)?.userId ?? []))
  if (users.size === 0) return []
  const behind = await usersBehindLog(pool, [...users], signal)
  for (const userId of behind) {
    logger.error(
      { alarm: 'sweep_behind_log', userId },
      'the log knows more of a user than the write database: nothing of theirs is swept',
    )
  }
  return orphans.filter((key) => !behind.has(ownerOfKey(key)?.userId as UserId))
}

async function usersBehindLog(
  pool: Pool,
  users: readonly UserId[],
  signal: AbortSignal,
): Promise<Set<UserId>> {
  try {
    const heads = await inTransaction(pool, (client) => selectHeadsOf(client, users), { signal })
    return new Set(heads.filter(({ seen, sequence }) => seen > sequence).map((head) => head.user_id))
  } catch (error) {
    throw new SynapError(`the log cannot be asked: ${describeError(error)}`, {
      code: 'sweep.log_unknown',
      class: 'dependency',
      cause: error,
    })
  }
}

async function* pagesOf(
  store: ObjectStore,
  after: string | null,
  signal: AbortSignal,
): AsyncGenerator<ListedObject[]> {
  let page: ListedObject[] = []
  for await (const object of store.list('users/', { signal, ...(after === null ? {} : { after }) })) {
    page.push(object)
    if (page.length < pageKeys) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}
