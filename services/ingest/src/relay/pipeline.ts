import { crashpoint, type SynapError } from '@synap/core'
import { inTransaction } from '../database.ts'
import { insertQuarantine, markPublished, type OutboxRow, selectUnpublished } from '../sql/outbox.ts'
import type { HeldLease } from './lease.ts'
import { prepareRows, publishRows, type Queued } from './publish-rows.ts'
import type { RelayOptions } from './relay.ts'

/** Batches on their way under one lease: while one is sent, the one before is marked and the next is made ready. */
export interface Pipeline {
  /** Brings one batch to the broker. True when there may be more to send at once. */
  step(): Promise<boolean>
  /**
   * Waits for the marks under way and forgets the batch that was made ready: its rows are read again. Never rejects; a
   * mark that failed leads to a second send.
   */
  settle(): Promise<void>
}

interface Batch {
  rows: readonly OutboxRow[]
  queue: readonly Queued[]
  /** The outbox may hold more. */
  more: boolean
}

/**
 * One batch is in flight at any time, and the next is sent only after it was acknowledged whole: so a user's events stay
 * in order. `signal` ends reads and sends.
 */
export function createPipeline(options: RelayOptions, lease: HeldLease, signal: AbortSignal): Pipeline {
  /** Ids of rows that were read and are not marked yet; they are not read again. */
  const underWay = new Set<number>()
  let next: Promise<Batch | undefined> | undefined
  let marking: Promise<void> | undefined

  /** Gives back a batch that was made ready and may not be sent. */
  const dropNext = async (why: unknown) => {
    const dropped = await next?.catch(() => undefined)
    next = undefined
    for (const queued of dropped?.queue ?? []) queued.end(why)
    for (const { id } of dropped?.rows ?? []) underWay.delete(id)
  }

  return {
    async step() {
      const ready = next
      next = undefined
      const batch = await (ready ?? takeBatch(options, underWay, signal))
      if (batch === undefined) {
        await marking
        return false
      }
      const sending = sendBatch(options, lease, batch, signal)
      if (batch.more) next = ignored(takeBatch(options, underWay, signal))
      const { stored, quarantined } = await sending
      crashpoint('relay.after_append')
      const sent = new Set(stored)
      for (const { id } of batch.rows) if (!sent.has(id)) underWay.delete(id)
      await marking
      if (stored.length > 0) marking = ignored(markRows(options, lease, underWay, stored))
      // The next batch may hold events of the user who is held back since.
      if (quarantined) await dropNext(new Error('the user is held back'))
      return batch.more
    },
    async settle() {
      await dropNext(new Error('the batch before was not sent'))
      await marking?.catch((error: unknown) =>
        options.logger.warn({ error }, 'published rows could not be marked: they will be sent again'),
      )
      marking = undefined
      underWay.clear()
    },
  }
}

async function takeBatch(
  options: RelayOptions,
  underWay: Set<number>,
  signal: AbortSignal,
): Promise<Batch | undefined> {
  const found = await selectUnpublished(options.pool, options.batchRows, underWay, signal)
  if (found.length === 0) return undefined
  crashpoint('relay.after_select')
  const rows = withinBytes(found, options.batchBytes)
  for (const { id } of rows) underWay.add(id)
  await options.refresh(rows)
  const queue = await prepareRows(rows, {
    prepare: options.prepare,
    quarantine: (row, error) => quarantineRow(options, row, error),
  })
  return { rows, queue, more: found.length === options.batchRows || rows.length < found.length }
}

function sendBatch(options: RelayOptions, lease: HeldLease, { queue }: Batch, signal: AbortSignal) {
  return publishRows(queue, {
    publish: async (messages) => {
      lease.assertHeld()
      await options.publisher.publish(options.topic, messages, signal)
    },
    quarantine: (row, error) => quarantineRow(options, row, error),
  })
}

async function markRows(
  { pool, logger, onPublished }: RelayOptions,
  { epoch }: HeldLease,
  underWay: Set<number>,
  ids: readonly number[],
): Promise<void> {
  const marked = await markPublished(pool, ids, epoch)
  for (const id of ids) underWay.delete(id)
  onPublished(marked)
  if (marked < ids.length) {
    logger.warn({ sent: ids.length, marked, epoch }, 'another relay has marked these rows')
  }
}

async function quarantineRow(
  { pool, logger, onQuarantined }: RelayOptions,
  row: OutboxRow,
  error: SynapError,
): Promise<void> {
  await inTransaction(pool, (client) => insertQuarantine(client, row, error.code))
  onQuarantined()
  logger.error(
    { alarm: 'relay_quarantine', userId: row.user_id, eventId: row.event_id, code: error.code },
    'an event cannot be published: its user is held back',
  )
}

/** A promise that is awaited later, or not at all: until then its rejection is nobody's. */
function ignored<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

/** The longest beginning whose deltas fit; at least one row. */
function withinBytes(rows: readonly OutboxRow[], bytes: number): readonly OutboxRow[] {
  const envelopeBytes = 200
  let sum = 0
  const end = rows.findIndex((row, index) => {
    sum += row.delta.length + envelopeBytes
    return index > 0 && sum > bytes
  })
  return end === -1 ? rows : rows.slice(0, end)
}
