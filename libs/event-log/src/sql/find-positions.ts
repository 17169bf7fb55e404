import type { UserId } from '@synap/core'
import { type Client, query, toTimestamptz } from '@synap/postgres'

/** How far the log is for a user. */
export interface LogPosition {
  /** Every sequence up to it is accounted for. */
  seen: number
  /** Up to it nothing is missing that may still turn up: reading on in order from here passes nothing. */
  settled: number
}

/** For some users; one that is left out is at 0. */
export async function findLogPositions(
  client: Client,
  users: readonly UserId[],
): Promise<Map<UserId, LogPosition>> {
  const rows = await query<LogPosition & { user_id: UserId }>(client, {
    name: 'log.settled_of',
    text: 'select user_id, seen, settled from log.settled_of($1::uuid[])',
    values: [users],
  })
  return new Map(rows.map(({ user_id, seen, settled }) => [user_id, { seen, settled }]))
}

/** The user's highest sequence at a time (milliseconds since 1970); 0 before the first event. */
export async function findSequenceAt(client: Client, at: number): Promise<number> {
  const [row] = await query<{ sequence: number }>(client, {
    name: 'log.sequence_at',
    text: 'select log.sequence_at($1::timestamptz) as sequence',
    values: [toTimestamptz(at)],
  })
  return row?.sequence ?? 0
}

/** One user of the log. */
export interface LoggedUser {
  userId: UserId
  seen: number
  /** Events in the log. */
  events: number
}

/** For operators: users in the order of their ids, behind `after`. */
export async function findUsersBehind(
  client: Client,
  after: UserId | null,
  limit: number,
): Promise<LoggedUser[]> {
  return query<LoggedUser>(client, {
    name: 'log.users_behind',
    text: 'select user_id as "userId", seen, events from log.users_behind($1::uuid, $2::int)',
    values: [after, limit],
  })
}
