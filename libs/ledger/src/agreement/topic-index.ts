import type { UserId } from '@synap/core'
import { createPrintSlab, type PrintSlab, perBlock } from './print-slab.ts'

/** A record that stands at the number of another. */
export interface Clash {
  userId: UserId
  sequence: number
  aggregateId: string
  version: number
}

export interface TopicOfUser {
  /** Another store knows the user too. */
  isKnown: boolean
  /** The lowest number; Infinity for none. */
  first: number
  last: number
  records: number
  /** Records of an event that was there before. */
  repeated: number
  /** Records of another event than the first at its number. */
  forked: number
  /** Blocks of the slab by their place. */
  blocks: Map<number, number>
}

const newUser = (): TopicOfUser => ({
  isKnown: false,
  first: Number.POSITIVE_INFINITY,
  last: 0,
  records: 0,
  repeated: 0,
  forked: 0,
  blocks: new Map(),
})

/** A block with what the maps need besides, roughly. */
const bytesPerBlock = 4 * perBlock + 64
const bytesPerUser = 400
/** Clashes that are named; all are counted. */
const namedClashes = 1_000

/**
 * Which numbers of which users the topic has, with 32 bits of each event: about 5 bytes for each of many events of a
 * user. When it has grown beyond its bytes it lets go of the upper half of its users (by id) and of all that come
 * later for them: they take another pass over the topic. One user is never cut in two.
 */
export function createTopicIndex(maxBytes: number, from: UserId | null) {
  const users = new Map<UserId, TopicOfUser>()
  const slab = createPrintSlab()
  const named: Record<'repeated' | 'forked', Clash[]> = { repeated: [], forked: [] }
  /** Users from here on are left to another pass. */
  let to: UserId | null = null

  const halve = () => {
    const ids = [...users.keys()].sort()
    const middle = ids[ids.length >> 1]
    if (ids.length < 2 || middle === undefined) return
    to = middle
    for (const id of ids.slice(ids.length >> 1)) {
      for (const block of users.get(id)?.blocks.values() ?? []) slab.give(block)
      users.delete(id)
    }
  }

  const userOf = (userId: UserId): TopicOfUser => {
    let user = users.get(userId)
    if (user === undefined) users.set(userId, (user = newUser()))
    return user
  }

  const place = (user: TopicOfUser, record: Clash, print: number) => {
    const at = record.sequence % perBlock
    const number = (record.sequence - at) / perBlock
    let block = user.blocks.get(number)
    if (block === undefined) user.blocks.set(number, (block = slab.take()))
    const before = slab.get(block, at)
    if (before === 0) return slab.set(block, at, print)
    const what = before === print ? 'repeated' : 'forked'
    user[what] += 1
    if (named[what].length < namedClashes) named[what].push(record)
  }

  return {
    /** Takes a record in, unless its user is for another pass. `print` is not 0. */
    add(record: Clash, print: number): void {
      const { userId, sequence } = record
      if ((from !== null && userId < from) || (to !== null && userId >= to)) return
      const user = userOf(userId)
      place(user, record, print)
      user.records += 1
      user.first = Math.min(user.first, sequence)
      user.last = Math.max(user.last, sequence)
      if (slab.used() * bytesPerBlock + users.size * bytesPerUser > maxBytes) halve()
    },
    /** The fingerprint at a number of a user; 0 for none. */
    at(user: TopicOfUser | undefined, sequence: number): number {
      const at = sequence % perBlock
      const block = user?.blocks.get((sequence - at) / perBlock)
      return block === undefined ? 0 : slab.get(block, at)
    },
    user: (userId: UserId) => users.get(userId),
    users: (): ReadonlyMap<UserId, TopicOfUser> => users,
    /** Numbers of a user above `above`, ascending. */
    above: (user: TopicOfUser, above: number): number[] => numbersAbove(slab, user, above),
    /** Where the users begin that were left to another pass; null when there are none. */
    next: () => to,
    /** Of the users of this pass, the first some thousand. */
    named: (what: 'repeated' | 'forked') => named[what].filter(({ userId }) => users.has(userId)),
  }
}
export type TopicIndex = ReturnType<typeof createTopicIndex>

function numbersAbove(slab: PrintSlab, { blocks }: TopicOfUser, above: number): number[] {
  const found: number[] = []
  for (const [number, block] of blocks) {
    for (let at = 0; at < perBlock; at += 1) {
      const sequence = number * perBlock + at
      if (sequence > above && slab.get(block, at) !== 0) found.push(sequence)
    }
  }
  return found.sort((one, other) => one - other)
}
