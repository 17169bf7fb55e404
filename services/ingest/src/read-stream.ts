import type { SynapEvent } from '@synap/contracts'
import type { AggregateId, UserId } from '@synap/core'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { eventOfLogRow, eventOfOutboxRow } from './encode-rows.ts'
import { createSchemaBook } from './schema-book.ts'
import { selectLogOfAggregate } from './sql/log-events.ts'
import { selectOutboxOfAggregate } from './sql/outbox.ts'

const page = 500

/**
 * The events of an aggregate in the order of their versions: from the log, and from the outbox what the log does not
 * hold yet. Rejects with class dependency while either cannot be asked.
 */
export async function* readStream(
  pool: Pool,
  { userId, aggregateId }: { userId: UserId; aggregateId: AggregateId },
): AsyncGenerator<SynapEvent> {
  const schemas = await createSchemaBook(pool)
  let reached = { version: 0, sequence: 0 }
  for (let rows = page; rows === page; ) {
    const logged = await inTransaction(pool, (client) =>
      selectLogOfAggregate(client, userId, aggregateId, { above: reached.version, limit: page }),
    )
    rows = logged.length
    for (const row of logged) {
      reached = row
      yield eventOfLogRow(row, schemas)
    }
  }
  const waiting = await inTransaction(pool, (client) =>
    selectOutboxOfAggregate(client, userId, aggregateId, reached),
  )
  for (const row of waiting) yield eventOfOutboxRow(row, schemas)
}
