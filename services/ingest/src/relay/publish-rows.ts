import { SynapError, type UserId } from '@synap/core'
import type { OutboundMessage } from '@synap/messaging'
import { isCurrentFingerprint } from '../schema-book.ts'
import type { OutboxRow } from '../sql/outbox.ts'

/** A message with the span that lasts until it is acknowledged. */
export interface PreparedMessage {
  message: OutboundMessage
  end(error?: unknown): void
}

export interface PublishRowsOptions {
  /** Throws `SynapError` class data, or `schema.unregistered`, when the row cannot be a record. */
  prepare: (row: OutboxRow) => PreparedMessage
  /** Resolves when every message is stored; see `Publisher.publish`. */
  publish: (messages: readonly OutboundMessage[]) => Promise<void>
  /** Keeps this row and every later one of its user out of the next batches. */
  quarantine: (row: OutboxRow, error: SynapError) => Promise<void>
}

/** A row with its record, waiting for its turn. */
export interface Queued extends PreparedMessage {
  row: OutboxRow
}

/**
 * Publishes rows in their order and gives back the ids of those that are stored. A row that cannot be published takes
 * the later rows of its own user with it; everybody else's flow.
 */
export async function publishRows(
  prepared: readonly Queued[],
  options: Omit<PublishRowsOptions, 'prepare'>,
): Promise<{ stored: readonly number[]; quarantined: boolean }> {
  let queue = prepared
  let quarantined = false
  const stored: number[] = []
  while (queue.length > 0) {
    const refused = await publishQueue(queue, options)
    const end = refused === undefined ? queue.length : refused.index
    stored.push(...queue.slice(0, end).map(({ row }) => row.id))
    if (refused === undefined) break
    quarantined = true
    await options.quarantine(refused.row, refused.error)
    const rest = queue.slice(end + 1)
    const { user_id: userId } = refused.row
    queue = rest.filter(({ row }) => row.user_id !== userId)
    for (const left of rest) if (left.row.user_id === userId) left.end(refused.error)
  }
  return { stored, quarantined }
}

/** Makes the records of rows. One that cannot be a record is held back with the later rows of its user. */
export async function prepareRows(
  rows: readonly OutboxRow[],
  options: Pick<PublishRowsOptions, 'prepare' | 'quarantine'>,
): Promise<Queued[]> {
  const queue: Queued[] = []
  const heldBack = new Set<UserId>()
  for (const row of rows) {
    if (heldBack.has(row.user_id)) continue
    try {
      queue.push({ row, ...options.prepare(row) })
    } catch (error) {
      if (!(error instanceof SynapError) || !isAboutRow(error, row)) {
        for (const queued of queue) queued.end(error)
        throw error
      }
      heldBack.add(row.user_id)
      await options.quarantine(row, error)
    }
  }
  return queue
}

/**
 * The row is at fault, not the setup. A schema of today that is not registered keeps everybody waiting for the register
 * command; one that nobody knows is broken in this row alone.
 */
const isAboutRow = (error: SynapError, { fingerprint }: OutboxRow) =>
  error.class === 'data' || (error.code === 'schema.unregistered' && !isCurrentFingerprint(fingerprint))

/** Undefined when all are stored; else the message that never can be, those before it being stored. */
async function publishQueue(
  queue: readonly Queued[],
  options: Pick<PublishRowsOptions, 'publish'>,
): Promise<{ index: number; row: OutboxRow; error: SynapError } | undefined> {
  try {
    await options.publish(queue.map(({ message }) => message))
    for (const queued of queue) queued.end()
    return undefined
  } catch (error) {
    const index = indexOfTooLarge(error)
    const refused = index === undefined ? undefined : queue[index]
    if (index === undefined || refused === undefined) {
      for (const queued of queue) queued.end(error)
      throw error
    }
    for (const queued of queue.slice(0, index)) queued.end()
    refused.end(error)
    return { index, row: refused.row, error: error as SynapError }
  }
}

function indexOfTooLarge(error: unknown): number | undefined {
  if (!(error instanceof SynapError) || error.code !== 'message.too_large') return undefined
  const index = error.fields['index']
  return typeof index === 'number' ? index : undefined
}
