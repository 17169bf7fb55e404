import type { InternalEvent } from '@synap/contracts'
import { SynapError, type UserId } from '@synap/core'
import type { OutboundMessage } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { recordOfLogRow, recordOfOutboxRow } from './encode-rows.ts'
import type { SchemaBook } from './schema-book.ts'
import { findUserSequence } from './sql/find-user-sequence.ts'
import { type LogEventRow, selectLogBetween } from './sql/log-events.ts'
import { selectOutboxBetween } from './sql/outbox.ts'

/** An event as it goes to the topic; null when nobody has it. */
export interface FoundEvent {
  sequence: number
  message: OutboundMessage | null
}

export interface EventSpan {
  user: UserId
  /** Both ends are included. */
  from: number
  to: number
}

/**
 * Events `from`..`to` of a user for a consumer that lacks them: from the outbox, else made again from the log, with the
 * same id, time and bytes. `absent` only when both were asked and neither has it; while the log cannot be asked, the
 * answer ends before the first event that would need it.
 *
 * Rejects with class dependency when that leaves nothing to answer.
 */
export async function listEvents(pool: Pool, schemas: SchemaBook, span: EventSpan): Promise<InternalEvent[]> {
  return (await findEvents(pool, schemas, span)).map(({ sequence, message }) =>
    message === null ? { sequence, status: 'absent' } : present(sequence, message),
  )
}

/** As `listEvents`, as messages. */
export async function findEvents(
  pool: Pool,
  schemas: SchemaBook,
  { user, from, to }: EventSpan,
): Promise<FoundEvent[]> {
  await schemas.refresh()
  const found = await inTransaction(pool, async (client) => {
    // The head first: an event appended between the two is then found, not told absent.
    const head = await findUserSequence(client, user)
    return { head, outbox: await selectOutboxBetween(client, user, from, to) }
  })
  const known = new Map(found.outbox.map((row) => [row.sequence, row]))
  const lacking = range(from, Math.min(to, found.head)).filter((sequence) => !known.has(sequence))
  const [first] = lacking
  const last = lacking.at(-1)
  const log = first === undefined || last === undefined ? new Map() : await askLog(pool, user, first, last)

  const answer: FoundEvent[] = []
  for (const sequence of range(from, to)) {
    const row = known.get(sequence)
    if (row !== undefined) answer.push({ sequence, message: recordOfOutboxRow(row, schemas) })
    else if (log instanceof SynapError) {
      if (sequence <= found.head) break
      answer.push({ sequence, message: null })
    } else {
      const logged = log.get(sequence) as LogEventRow | undefined
      answer.push({ sequence, message: logged === undefined ? null : recordOfLogRow(logged, schemas) })
    }
  }
  if (answer.length === 0 && log instanceof SynapError) throw log
  return answer
}

const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)

async function askLog(
  pool: Pool,
  userId: UserId,
  from: number,
  to: number,
): Promise<Map<number, LogEventRow> | SynapError> {
  try {
    const rows = await inTransaction(pool, (client) => selectLogBetween(client, userId, from, to))
    return new Map(rows.map((row) => [row.sequence, row]))
  } catch (cause) {
    if (!(cause instanceof SynapError) || cause.class === 'bug') throw cause
    return new SynapError('the log cannot be asked', { code: 'log.unavailable', class: 'dependency', cause })
  }
}

function present(sequence: number, { key, value, headers }: OutboundMessage): InternalEvent {
  const bytes = value ?? Buffer.alloc(0)
  return { sequence, status: 'present', key, value: bytes.toString('base64'), headers: { ...headers } }
}
