import { deltaFromJson, type InternalEvent } from '@synap/contracts'
import { SynapError, type UserId } from '@synap/core'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { type EncodableEvent, encodeRecord, traceOfRow } from './encode-record.ts'
import type { SchemaBook } from './schema-book.ts'
import { findUserSequence } from './sql/find-user-sequence.ts'
import { type LogEventRow, selectLogBetween } from './sql/log-events.ts'
import { type OutboxRow, selectOutboxBetween } from './sql/outbox.ts'

/**
 * Events `from`..`to` of a user for a consumer that lacks them: from the outbox, else made again from the log, with the
 * same id, time and bytes. `absent` only when both were asked and neither has it; while the log cannot be asked, the
 * answer ends before the first event that would need it.
 *
 * Rejects with class dependency when that leaves nothing to answer.
 */
export async function listEvents(
  pool: Pool,
  schemas: SchemaBook,
  { user, from, to }: { user: UserId; from: number; to: number },
): Promise<InternalEvent[]> {
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

  const answer: InternalEvent[] = []
  for (const sequence of range(from, to)) {
    const row = known.get(sequence)
    if (row !== undefined) answer.push(presentFromOutbox(row, schemas))
    else if (log instanceof SynapError) {
      if (sequence <= found.head) break
      answer.push({ sequence, status: 'absent' })
    } else {
      const logged = log.get(sequence) as LogEventRow | undefined
      answer.push(logged === undefined ? { sequence, status: 'absent' } : presentFromLog(logged, schemas))
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

function presentFromOutbox(row: OutboxRow, schemas: SchemaBook): InternalEvent {
  const schema = schemas.find(row.fingerprint)
  return present(row, encodeRecord(row, { schema, trace: traceOfRow(row) }))
}

/**
 * From the decoded delta back to its bytes, under the schema it was written with. Its id is today's, when the registry
 * was set up anew since.
 */
function presentFromLog(row: LogEventRow, schemas: SchemaBook): InternalEvent {
  const { fingerprint } = row
  const schema = schemas.has(fingerprint)
    ? schemas.find(fingerprint)
    : { schema: row.schema, registry_id: row.schema_id }
  const event: EncodableEvent = { ...row, delta: deltaFromJson(schema.schema, row.delta) }
  return present(
    event,
    encodeRecord(event, { schema, trace: traceOfRow(row), extra: row.extra ?? undefined }),
  )
}

function present(
  { sequence }: { sequence: number },
  message: ReturnType<typeof encodeRecord>,
): InternalEvent {
  const value = message.value ?? Buffer.alloc(0)
  return {
    sequence,
    status: 'present',
    key: message.key,
    value: value.toString('base64'),
    headers: { ...message.headers },
  }
}
