import type { UserId } from '@synap/core'

/** Users that are remembered; who was told of longest ago is forgotten first. */
const mostUsers = 10_000

/** What notifications have said since this process listens. A hint: what is true is read. */
export interface Hearsay {
  /** Positions that have moved; undefined: any may have, also such as nobody was told of. */
  note: (moved: ReadonlyMap<UserId, number> | undefined) => void
  /** How far a user is, as far as anybody has said. */
  seenOf: (userId: UserId) => number | undefined
  /** Another number once a user's position may have moved. */
  changesOf: (userId: UserId) => number
}

export function createHearsay(): Hearsay {
  const users = new Map<UserId, { seen: number; changes: number }>()
  let changes = 0
  const noteUser = (userId: UserId, seen: number) => {
    const known = users.get(userId)
    users.delete(userId)
    changes += 1
    users.set(userId, { seen: Math.max(seen, known?.seen ?? 0), changes })
    const [oldest] = users.keys()
    if (users.size > mostUsers && oldest !== undefined) users.delete(oldest)
  }
  let unspecific = 0
  return {
    note(moved) {
      if (moved !== undefined) for (const [userId, seen] of moved) noteUser(userId, seen)
      else {
        users.clear()
        changes += 1
        unspecific = changes
      }
    },
    seenOf: (userId) => users.get(userId)?.seen,
    changesOf: (userId) => users.get(userId)?.changes ?? unspecific,
  }
}
