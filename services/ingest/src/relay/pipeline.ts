import { crashpoint, type SynapError } from '@synap/core'
import { inTransaction } from '../database.ts'
import { insertQuarantine, type OutboxRow, selectUnpublished } from '../sql/outbox.ts'
import { createHandedRows } from './handed-rows.ts'
import type { HeldLease } from './lease.ts'
import { createMarks } from './marks.ts'
import { prepareRows, publishRows, type Queued } from './publish-rows.ts'
import type { RelayOptions } from './relay.ts'

/** Batches on their way under one lease: while one is sent, the one before is marked and the next is made ready. */
export interface Pipeline {
  /** Rows that this process has committed: they need not be looked for. */
  hand(rows: readonly OutboxRow[]): void
  /** The outbox may have more than was handed. */
  look(): void
  /** Brings one batch to the broker. True when there may be more to send at once. */
  step(): Promise<boolean>
  /** Milliseconds until the outbox has to be looked at though nobody says that it has something. */
  untilLookMs(): number
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
  /** Ids of rows that were taken and are not marked yet; they are not read again. */
  const underWay = new Set<number>()
  const handed = createHandedRows(options)
  const marks = createMarks(options, lease, (ids) => {
    for (const id of ids) underWay.delete(id)
  })
  let next: Promise<Batch | undefined> | undefined
  let lookAt = 0

  const look = () => {
    handed.looking()
    lookAt = performance.now() + options.pollMs
    return readBatch(options, underWay, signal)
  }
  const take = async (): Promise<Batch | undefined> => {
    if (performance.now() >= lookAt) return look()
    const rows = handed.take()
    if (rows.length > 0) return makeBatch(options, underWay, { rows, more: handed.isLookDue() })
    return handed.isLookDue() ? look() : undefined
  }
  /** Gives back a batch that was made ready and may not be sent. */
  const dropNext = async (why: unknown) => {
    const dropped = await next?.catch(() => undefined)
    next = undefined
    handed.forget()
    for (const queued of dropped?.queue ?? []) queued.end(why)
    for (const { id } of dropped?.rows ?? []) underWay.delete(id)
  }
  return {
    hand: (rows) => handed.add(rows),
    look: () => handed.mustLook(),
    untilLookMs: () => Math.max(0, lookAt - performance.now()),
    async step() {
      await marks.room()
      const ready = next
      next = undefined
      const batch = await (ready ?? take())
      // What was handed while a look was under way, it need not have found.
      if (batch === undefined) return handed.isWaiting()
      for (const { row } of batch.queue) handed.sent(row)
      const sending = sendBatch(options, lease, batch, signal)
      if (batch.more) next = ignored(look())
      const { stored, quarantined } = await sending
      crashpoint('relay.after_append')
      const sent = new Set(stored)
      for (const { id } of batch.rows) if (!sent.has(id)) underWay.delete(id)
      marks.add(stored)
      // The next batch may hold events of the user who is held back since.
      if (quarantined) await dropNext(new Error('the user is held back'))
      return batch.more || handed.isWaiting()
    },
    async settle() {
      await dropNext(new Error('the batch before was not sent'))
      await marks.settle()
      underWay.clear()
    },
  }
}

async function readBatch(
  options: RelayOptions,
  underWay: Set<number>,
  signal: AbortSignal,
): Promise<Batch | undefined> {
  const found = await selectUnpublished(options.pool, options.batchRows, underWay, signal)
  const refreshed = ignored(options.refresh(found))
  // For the rows that are handed over before the next look.
  if (found.length === 0) return undefined
  crashpoint('relay.after_select')
  await refreshed
  const rows = withinBytes(found, options.batchBytes)
  const more = found.length === options.batchRows || rows.length < found.length
  return makeBatch(options, underWay, { rows, more })
}

async function makeBatch(
  options: RelayOptions,
  underWay: Set<number>,
  { rows, more }: Pick<Batch, 'rows' | 'more'>,
): Promise<Batch | undefined> {
  if (rows.length === 0) return undefined
  for (const { id } of rows) underWay.add(id)
  const queue = await prepareRows(rows, {
    prepare: options.prepare,
    quarantine: (row, error) => quarantineRow(options, row, error),
  })
  return { rows, queue, more }
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
