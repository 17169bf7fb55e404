import type { DecodedEvent } from '@synap/contracts'
import { crashpoint, SynapError } from '@synap/core'
import type { PlacedEvent } from '@synap/inbox'
import { type Client, capabilitiesOf, execute } from '@synap/postgres'
import { noteSnapshots } from './note-snapshots.ts'
import type { EventRow } from './row.ts'
import { copyEvents, insertEvents } from './sql/events.ts'
import { addDailyCounts, widenAggregates, widenUserDays } from './sql/rollups.ts'
import { numberSchemas } from './sql/schemas.ts'
import { summarize } from './summarize.ts'

/**
 * Writes events into the log with everything that is kept about them, in the caller's transaction. One that is there
 * already changes nothing. The order does not matter.
 */
export async function writeEvents(
  client: Client,
  events: readonly PlacedEvent<DecodedEvent>[],
): Promise<void> {
  const numbers = await numberSchemas(client, events)
  const rows = events.map((placed): EventRow => {
    const schemaNo = numbers.get(placed.schema.fingerprint)
    if (schemaNo === undefined) throw new TypeError('a schema without a number')
    return { placed, schemaNo }
  })
  const written = await writeRows(client, rows)
  if (written.length > 0) await keepAccount(client, written)
  crashpoint('events_writer.before_commit')
}

async function writeRows(
  client: Client,
  rows: readonly EventRow[],
): Promise<readonly PlacedEvent<DecodedEvent>[]> {
  const events = rows.map((row) => row.placed)
  const repeats = new Set(events.map((event) => event.id)).size < events.length
  if (!repeats && capabilitiesOf(client).copy && (await tryCopy(client, rows))) return events
  const inserted = await insertEvents(client, rows)
  // Deleting tells a repeated event's first copy, which was written, from its second.
  return events.filter((event) => inserted.delete(event.id))
}

/** COPY is the fast way, but it cannot skip a row that is there already: false then, and nothing is written. */
async function tryCopy(client: Client, rows: readonly EventRow[]): Promise<boolean> {
  await execute(client, { text: 'savepoint copied' })
  try {
    await copyEvents(client, rows)
    await execute(client, { text: 'release savepoint copied' })
    return true
  } catch (error) {
    if (!(error instanceof SynapError) || error.code !== 'postgres.unique') throw error
    await execute(client, { text: 'rollback to savepoint copied' })
    return false
  }
}

async function keepAccount(client: Client, written: readonly PlacedEvent<DecodedEvent>[]): Promise<void> {
  const { days, aggregates, counts } = summarize(written)
  await widenUserDays(client, days)
  await widenAggregates(client, aggregates)
  await addDailyCounts(client, counts)
  await noteSnapshots(client, written)
}
