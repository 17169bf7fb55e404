import type { DecodedEvent } from '@synap/contracts'
import { SynapError } from '@synap/core'
import type { PlacedEvent } from '@synap/inbox'
import { awaitAtCommit, type Client, capabilitiesOf, execute } from '@synap/postgres'
import type { EventRow } from './row.ts'
import { copyEvents, insertEvents } from './sql/events.ts'

/** Writes those rows of `log.events` that are not there yet, in the caller's transaction; their events. */
export async function writeRows(
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
    awaitAtCommit(client, execute(client, { text: 'release savepoint copied' }))
    return true
  } catch (error) {
    if (!(error instanceof SynapError) || error.code !== 'postgres.unique') throw error
    await execute(client, { text: 'rollback to savepoint copied' })
    return false
  }
}
