import type { UserId } from '@synap/core'
import type { UserState } from './place.ts'
import type { LedgerStores, Position } from './stores.ts'

export interface UserRange {
  /** Null: all users of the range. */
  user: UserId | null
  from: UserId | null
  /** Not included; null: to the last. */
  to: UserId | null
  /** Users asked for at once; 500 by default. */
  pageSize?: number
}

/**
 * The users that any store knows, by id, with how far the stores are. The positions of log and read model are read
 * before the heads: so neither can be beyond its head in good order, and what lies between is in flight.
 */
export async function* listUsers(
  stores: Pick<LedgerStores, 'heads' | 'logPositions' | 'readPositions'>,
  { user, from, to, pageSize = 500 }: UserRange,
): AsyncGenerator<UserState[]> {
  // The pages begin after an id; the one before `from` in the order of ids.
  let after = from === null ? null : idBefore(from)
  for (;;) {
    const page = { user, after, limit: pageSize }
    const log = await stores.logPositions(page)
    const read = await stores.readPositions(page)
    const heads = await stores.heads(page)
    const last = lastOf([log, read, heads], pageSize)
    const users = mergeUsers(heads, log, read).filter(
      ({ userId }) => (last === null || userId <= last) && (to === null || userId < to),
    )
    if (users.length > 0) yield users
    if (last === null || (to !== null && last >= to)) return
    after = last
  }
}

/** The lowest end of the pages that are full: beyond it one of them may lack a user. Null when all are at their end. */
function lastOf(pages: readonly (readonly Position[])[], pageSize: number): UserId | null {
  const ends = pages.filter((page) => page.length >= pageSize).map((page) => page.at(-1)?.userId ?? '')
  return ends.length === 0 ? null : (ends.sort()[0] as UserId)
}

function mergeUsers(
  heads: readonly Position[],
  log: readonly Position[],
  read: readonly (Position & { erased: number | null })[],
): UserState[] {
  const users = new Map<UserId, UserState>()
  const of = (userId: UserId): UserState => {
    const known = users.get(userId) ?? { userId, head: 0, logSeen: 0, readSeen: 0, erased: null }
    users.set(userId, known)
    return known
  }
  for (const { userId, sequence } of heads) of(userId).head = sequence
  for (const { userId, sequence } of log) of(userId).logSeen = sequence
  for (const { userId, sequence, erased } of read) Object.assign(of(userId), { readSeen: sequence, erased })
  return [...users.values()].sort((one, other) => (one.userId < other.userId ? -1 : 1))
}

/** The id just below, as 128 bits. */
function idBefore(id: UserId): UserId | null {
  const number = BigInt(`0x${id.replaceAll('-', '')}`)
  if (number === 0n) return null
  const hex = (number - 1n).toString(16).padStart(32, '0')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') as UserId
}
