import type { DecodedEvent } from '@synap/contracts'
import { crashpoint } from '@synap/core'
import { forgetParked, type PlacedEvent } from '@synap/inbox'
import { awaitAtCommit, type Client } from '@synap/postgres'
import { noteSnapshots } from './note-snapshots.ts'
import type { EventRow } from './row.ts'
import { addDailyCounts, widenAggregates, widenUserDays } from './sql/rollups.ts'
import { numberSchemas } from './sql/schemas.ts'
import { summarize } from './summarize.ts'
import { writeRows } from './write-rows.ts'

/**
 * Writes events into the log with everything that is kept about them, in the caller's transaction. One that is there
 * already changes nothing. The order does not matter.
 */
export async function writeEvents(
  client: Client,
  events: readonly PlacedEvent<DecodedEvent>[],
): Promise<void> {
  await write(client, events, await numberSchemas(client, events))
}

/** Numbers the schemas of events, and answers how any of them are written: as `writeEvents`. */
export async function prepareEvents(
  client: Client,
  events: readonly PlacedEvent<DecodedEvent>[],
): Promise<(events: readonly PlacedEvent<DecodedEvent>[]) => Promise<void>> {
  const numbers = await numberSchemas(client, events)
  return (written) => write(client, written, numbers)
}

async function write(
  client: Client,
  events: readonly PlacedEvent<DecodedEvent>[],
  numbers: ReadonlyMap<string, number>,
): Promise<void> {
  const rows = events.map((placed): EventRow => {
    const schemaNo = numbers.get(placed.schema.fingerprint)
    if (schemaNo === undefined) throw new TypeError('a schema without a number')
    return { placed, schemaNo }
  })
  const written = await writeRows(client, rows)
  if (written.length > 0) await keepAccount(client, written)
  crashpoint('events_writer.before_commit')
}

async function keepAccount(client: Client, written: readonly PlacedEvent<DecodedEvent>[]): Promise<void> {
  const { days, aggregates, counts } = summarize(written)
  awaitAtCommit(client, widenUserDays(client, days))
  awaitAtCommit(client, widenAggregates(client, aggregates))
  awaitAtCommit(client, addDailyCounts(client, counts))
  await noteSnapshots(client, written)
  const erased = written.filter(({ type }) => type === 'user.erased')
  if (erased.length > 0) {
    await forgetParked(
      client,
      'log',
      erased.map(({ userId }) => userId),
    )
  }
}
