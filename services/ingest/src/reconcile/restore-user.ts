import type { SynapEvent } from '@synap/contracts'
import type { AggregateId, UserId } from '@synap/core'
import { type AggregateState, evolve, stateVersion } from '@synap/domain'
import type { Client, Pool } from '@synap/postgres'
import { inTransaction } from '../database.ts'
import { eventOfLogRow, readRecord } from '../encode-rows.ts'
import { readAggregates } from '../read-aggregates.ts'
import type { SchemaBook } from '../schema-book.ts'
import { selectLogBetween, selectParkedBetween } from '../sql/log-events.ts'
import { deleteObjects, lockUser, putObject, putStream, putTags, raiseUser } from '../sql/reconcile.ts'
import { tagsIn } from '../tag-ids.ts'

const page = 500

export interface Restored {
  folded: number
  /** Events that are known to exist and cannot be folded; their numbers are taken all the same. */
  unfoldable: number
}

/** What is known of an event that the log has accounted for. */
interface Known {
  sequence: number
  aggregateId: AggregateId | null
  aggregateType: string | null
  version: number | null
  event: SynapEvent | null
}

/**
 * Brings a user from the sequence that the write model has to `target`: streams folded on, objects and tags as the
 * events say. A page of events is one transaction, so it may break off anywhere and be done again.
 */
export async function restoreUser(
  { pool, schemas }: { pool: Pool; schemas: SchemaBook },
  userId: UserId,
  { from, target, onPage }: { from: number; target: number; onPage: () => Promise<void> },
): Promise<Restored> {
  const restored = { folded: 0, unfoldable: 0 }
  for (let first = from + 1; first <= target; first += page) {
    const last = Math.min(first + page - 1, target)
    const known = await findKnown(pool, schemas, userId, first, last)
    const ids = [...new Set(known.flatMap(({ aggregateId }) => aggregateId ?? []))]
    const states = new Map(await readAggregates(pool, userId, ids))
    const folded = foldPage(states, known)
    restored.folded += folded.count
    restored.unfoldable += last - first + 1 - folded.count
    await inTransaction(pool, async (client) => {
      await lockUser(client, userId)
      await storeStreams(client, userId, known, states)
      for (const { event } of known) if (event !== null) await storeTraces(client, event)
      const occurredAt = Math.max(...known.map(({ event }) => event?.occurredAt ?? 0), 0)
      await raiseUser(client, userId, { sequence: last, occurredAt: occurredAt === 0 ? null : occurredAt })
    })
    await onPage()
  }
  return restored
}

async function findKnown(
  pool: Pool,
  schemas: SchemaBook,
  userId: UserId,
  from: number,
  to: number,
): Promise<Known[]> {
  const [logged, parked] = await inTransaction(pool, async (client) => [
    await selectLogBetween(client, userId, from, to),
    await selectParkedBetween(client, userId, from, to),
  ])
  const fromLog = logged.map((row): Known => {
    const event = eventOfLogRow(row, schemas)
    const { aggregateId, aggregateType, version, sequence } = event
    return { sequence, aggregateId, aggregateType, version, event }
  })
  const fromParked = parked.map((row): Known => {
    const schema =
      row.fingerprint !== null && schemas.has(row.fingerprint) ? schemas.find(row.fingerprint) : null
    const read = schema === null ? null : readRecord(row.value, schema.schema)
    return {
      sequence: row.sequence,
      aggregateId: row.aggregate_id,
      aggregateType: row.aggregate_type,
      version: row.version,
      event: read?.ok === true ? read.event : null,
    }
  })
  return [...fromLog, ...fromParked].sort((a, b) => a.sequence - b.sequence)
}

/** Folds in place; answers how many events it could. One that is lacking before leaves its version number behind. */
function foldPage(states: Map<AggregateId, AggregateState>, known: readonly Known[]): { count: number } {
  let count = 0
  for (const { aggregateId, version, event } of known) {
    if (aggregateId === null || version === null) continue
    const state = states.get(aggregateId)
    if (state !== undefined && version <= state.version) {
      count += 1
      continue
    }
    if (event === null) {
      if (state !== undefined) states.set(aggregateId, { ...state, version })
      continue
    }
    if (state === undefined && version !== 1) continue
    const before = state === undefined ? undefined : { ...state, version: version - 1 }
    states.set(aggregateId, evolve(before, event))
    count += 1
  }
  return { count }
}

async function storeStreams(
  client: Client,
  userId: UserId,
  known: readonly Known[],
  states: ReadonlyMap<AggregateId, AggregateState>,
): Promise<void> {
  const lasts = new Map<AggregateId, Known>()
  for (const each of known) if (each.aggregateId !== null) lasts.set(each.aggregateId, each)
  for (const [aggregateId, { sequence, aggregateType }] of lasts) {
    const state = states.get(aggregateId)
    if (state === undefined || aggregateType === null) continue
    const { version } = state
    await putStream(client, { userId, aggregateId, aggregateType, version, sequence, state, stateVersion })
  }
}

/** What an append leaves behind besides the stream: rows of the objects ledger, names of tags. */
async function storeTraces(client: Client, event: SynapEvent): Promise<void> {
  const { userId, aggregateId } = event
  const tags = tagsIn([event])
  if (tags.length > 0) await putTags(client, userId, tags)
  switch (event.type) {
    case 'entity.file_uploaded':
      return putObject(client, { ...event.delta.file, userId, aggregateId })
    case 'entity.attachment_added':
      return putObject(client, { ...event.delta.attachment, userId, aggregateId })
    case 'entity.purged':
      return deleteObjects(client, userId, aggregateId)
    case 'user.erased':
      return deleteObjects(client, userId, null)
    default:
      return undefined
  }
}
