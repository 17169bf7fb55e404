import type { UserId } from '@synap/core'
import { type Client, query } from '@synap/postgres'

/** An event that is accounted for but not applied. */
export interface ParkedSlot {
  sequence: number
  /** Null: nobody knows which event it is. */
  aggregateId: string | null
  reason: string
}

export interface Position {
  /** Every sequence of the user up to this one is applied or parked. */
  seen: number
  parked: readonly ParkedSlot[]
}

/** Of more parked events no state is told. */
const mostParked = 100

/**
 * What a user's events have made of the read model, as one word: where two of them are the same, no event was applied between.
 * One is applied when the position moves over it, or when it leaves those that are parked, among which none comes twice.
 * Undefined: it cannot be told. Vectors and texts, which are derived, are not part of it.
 */
export function stateOf({ seen, parked }: Position): string | undefined {
  if (seen === 0 || parked.length > mostParked) return undefined
  return [seen, ...parked.map(({ sequence }) => sequence)].join()
}

/** How far the read model is for the transaction's user. */
export async function findPosition(client: Client, schema: string, userId: UserId): Promise<Position> {
  const [row] = await query<Position>(client, {
    name: `${schema}.find_position`,
    text: `
      select coalesce((select p.seen from ${schema}.positions_of(array[$1::uuid]) as p), 0) as seen,
        (select coalesce(jsonb_agg(jsonb_build_object('sequence', p.sequence, 'aggregateId', p.aggregate_id,
           'reason', p.reason) order by p.sequence), '[]') from ${schema}.parked_of_user() as p) as parked`,
    values: [userId],
  })
  return row ?? { seen: 0, parked: [] }
}

/** How far the read model is for some users, numbers only; a user without a row is left out. */
export async function findPositions(
  client: Client,
  schema: string,
  users: readonly UserId[],
): Promise<Map<UserId, number>> {
  const rows = await query<{ user_id: UserId; seen: number }>(client, {
    name: `${schema}.find_positions`,
    text: `select user_id, seen from ${schema}.positions_of($1::uuid[])`,
    values: [users],
  })
  return new Map(rows.map((row) => [row.user_id, row.seen]))
}
