import type { UserState } from './place.ts'
import type { Span } from './stores.ts'

/** Numbers that are compared at once, and users whose numbers they are. */
const mostNumbers = 2_000
const mostUsers = 200

export interface UserSpan extends Span {
  user: UserState
  /** Nothing of the user comes after it. */
  isLast: boolean
}

/** Cuts the numbers of users into batches: several small users whole, a large one in parts. */
export function* cutSpans(users: readonly UserState[]): Generator<UserSpan[]> {
  let batch: UserSpan[] = []
  let room = mostNumbers
  for (const user of users) {
    for (let from = 1; from <= user.head; ) {
      const to = Math.min(user.head, from + room - 1)
      batch.push({ userId: user.userId, from, to, user, isLast: to === user.head })
      room -= to - from + 1
      from = to + 1
      if (room > 0 && batch.length < mostUsers) continue
      yield batch
      batch = []
      room = mostNumbers
    }
  }
  if (batch.length > 0) yield batch
}
