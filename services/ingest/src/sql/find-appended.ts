import type { EventId, UserId } from '@synap/core'
import { type Client, query } from '@synap/postgres'
import type { Appended } from './append.ts'

/** How many of the user's newest events are looked through, besides as many as are looked for. */
const newest = 1_000

interface FoundRow {
  aggregate_id: string
  version: number
  sequence: number
  /** Milliseconds since 1970. */
  occurred_at: number
}

/**
 * The numbers of an append whose answer was lost, by the ids of its events. Undefined when they are not there: it was
 * not done, or not yet.
 */
export async function findAppended(
  client: Client,
  userId: UserId,
  eventIds: readonly EventId[],
): Promise<Appended | undefined> {
  const rows = await query<FoundRow>(client, {
    name: 'write.find_appended',
    text: `
      select o.aggregate_id, o.version, o.sequence, o.occurred_at
        from write.outbox o
       where o.user_id = $1::uuid and o.event_id = any ($2::uuid[])
         and o.sequence > (select u.sequence - $3::bigint from write.users u where u.user_id = $1::uuid)
       order by o.sequence`,
    values: [userId, eventIds, newest + eventIds.length],
  })
  const last = rows.at(-1)
  if (last === undefined || rows.length !== eventIds.length) return undefined
  return {
    sequence: last.sequence,
    occurred_ms: last.occurred_at,
    clock_jump: false,
    versions: Object.fromEntries(rows.map((row) => [row.aggregate_id, row.version])),
  }
}
