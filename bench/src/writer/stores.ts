import pg from 'pg'
import type { BenchServers } from '../servers.ts'
import { type MixedEvent } from '../stream/event-mix.ts'
import { recordOf, schemaIdOf } from '../stream/events-topic.ts'
import { asOwner, byColumn, chunkRows, insertRows, rowOfEvent } from './rows.ts'

/** How many rows a log has, and a sum over the hashes of all that is in them: equal for the same rows in any order. */
export interface Sum {
  rows: number
  hash: string
}

const emptied = [
  'events',
  'user_days',
  'aggregates',
  'daily_counts',
  'positions',
  'user_positions',
  'parked',
  'parked_history',
  'snapshots',
]

/** Empties the log, and lets the server write what it owes, so that no run pays for the one before. */
export async function emptyLog(servers: BenchServers, database: string): Promise<void> {
  const tables = emptied.map((table) => `log.${table}`).join(', ')
  await servers.sql(database, `truncate ${tables}; checkpoint;`)
}

export async function sumLog(servers: BenchServers, database: string): Promise<Sum> {
  const [line = ''] = await servers.sql(
    database,
    `select count(*), coalesce(sum(('x' || left(md5(row(occurred_at, event_id, user_id, sequence, aggregate_id, version,
       event_type, source, actor_kind, actor_id, correlation_id, causation_id, delta, traceparent)::text), 15))::bit(60)::bigint), 0)
     from log.events`,
  )
  const [rows = '', hash = ''] = line.split('|')
  return { rows: Number(rows), hash }
}

/** Throws when the log does not hold exactly what it should. */
export async function assertLog(servers: BenchServers, database: string, expected: Sum): Promise<void> {
  const found = await sumLog(servers, database)
  if (found.rows === expected.rows && found.hash === expected.hash) return
  throw new Error(
    `${database} has ${found.rows} rows with the sum ${found.hash}, expected ${expected.rows} with ${expected.hash}`,
  )
}

/** A log with the events as they were made, never encoded: what every contender must arrive at. */
export async function createExpected(
  servers: BenchServers,
  database: string,
  events: readonly MixedEvent[],
): Promise<{ url: string; sum: Sum }> {
  const url = await servers.createDatabase(database, ['events-writer'])
  const client = new pg.Client({ connectionString: url, options: asOwner })
  await client.connect()
  try {
    const rows = events.map((event) => {
      const { headers } = recordOf(event)
      const { type, envelope, delta } = event
      return rowOfEvent({ ...envelope, type, delta }, schemaIdOf(type), headers['traceparent'] ?? null)
    })
    for (let at = 0; at < rows.length; at += chunkRows)
      await client.query({ ...insertRows, values: byColumn(rows.slice(at, at + chunkRows)) })
  } finally {
    await client.end()
  }
  return { url, sum: await sumLog(servers, database) }
}
