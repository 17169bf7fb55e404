import type { UserId } from '@synap/core'

/** A notification holds less than 8,000 bytes; a user takes 52 at most. */
const mostUsers = 100
const pattern = /^[0-9a-f-]{36}:[0-9]{1,15}(,[0-9a-f-]{36}:[0-9]{1,15})*$/

/**
 * What a store says in the notification of a commit that moved positions: `user:seen`, divided by commas. Nothing for more than a
 * hundred users: then anybody's may have moved.
 */
export function writeMovedPositions(seen: ReadonlyMap<string, number>): string {
  if (seen.size > mostUsers) return ''
  return [...seen].map(([user, sequence]) => `${user}:${sequence}`).join(',')
}

/** As `writeMovedPositions` wrote it; undefined when it says nothing, or anything else. */
export function readMovedPositions(payload: string | undefined): Map<UserId, number> | undefined {
  if (payload === undefined || !pattern.test(payload)) return undefined
  return new Map(
    payload.split(',').map((moved) => [moved.slice(0, 36) as UserId, Number(moved.slice(37))] as const),
  )
}
