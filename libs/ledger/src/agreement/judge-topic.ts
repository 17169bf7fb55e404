import { findingAt } from './compare-batch.ts'
import type { UserState } from './place.ts'
import type { Tally } from './tally.ts'
import type { TopicIndex } from './topic-index.ts'

/** Records of numbers that were not given out. The topic was read before the heads were. */
export function judgeTopicHeads(tally: Tally, index: TopicIndex, users: readonly UserState[]): void {
  for (const { userId, head } of users) {
    const user = index.user(userId)
    if (user === undefined) continue
    user.isKnown = true
    if (user.last <= head) continue
    for (const sequence of index.above(user, head)) {
      const detail = `the topic has it, and ${head} was the last number given out`
      tally.add(findingAt({ userId, sequence, kind: 'ahead', store: 'topic', detail }))
    }
  }
}

/** Records of users whom no store knows; asked when all users of a pass are through. */
export function judgeTopicUsers(tally: Tally, index: TopicIndex): void {
  for (const [userId, user] of index.users()) {
    if (user.isKnown) continue
    const detail = 'the topic has events of a user that nobody else knows'
    for (const sequence of index.above(user, 0))
      tally.add(findingAt({ userId, sequence, kind: 'ahead', store: 'topic', detail }))
  }
}

/** Records that stand at the number of another: the same event again, or another one. */
export function countClashes(tally: Tally, index: TopicIndex): void {
  const users = [...index.users().values()]
  for (const [what, kind, detail] of [
    ['repeated', 'repeated', 'sent more than once; consumers drop it'],
    ['forked', 'fork', 'the topic has two events at this number'],
  ] as const) {
    const named = index.named(what)
    for (const { userId, sequence, ...event } of named)
      tally.add(findingAt({ userId, sequence, kind, store: 'topic', detail }, event))
    tally.count(kind, 'topic', users.reduce((all, user) => all + user[what], 0) - named.length)
  }
}
