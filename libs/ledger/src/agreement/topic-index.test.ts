import type { UserId } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { createTopicIndex } from './topic-index.ts'

const userIdAt = (n: number) => `00000000-0000-4000-8000-00000000000${n}` as UserId
const blocks = 20
/** Of a user with a number in each of so many blocks. */
const bytesOfUser = blocks * (4 * 64 + 64) + 400

describe('the index of the topic', () => {
  const fill = (index: ReturnType<typeof createTopicIndex>, user: number, print = 7) => {
    for (let block = 0; block < blocks; block += 1) {
      const at = { userId: userIdAt(user), sequence: block * 64 + 1, aggregateId: '', version: 1 }
      index.add(at, print)
    }
  }

  it('given more than there is room for, it lets go of the upper half, and no more than that', () => {
    const index = createTopicIndex(4 * bytesOfUser, null)
    for (const user of [1, 2, 3, 4, 5, 1, 2]) fill(index, user)
    expect([...index.users().keys()]).toEqual([userIdAt(1), userIdAt(2)])
    expect(index.next()).toBe(userIdAt(3))
    // In the room of those that went.
    fill(index, 0)
    expect([...index.users().keys()].sort()).toEqual([0, 1, 2].map(userIdAt))
    expect(index.next()).toBe(userIdAt(3))
    const rest = createTopicIndex(4 * bytesOfUser, index.next())
    for (const user of [1, 2, 3, 4, 5]) fill(rest, user)
    expect([...rest.users().keys()]).toEqual([3, 4, 5].map(userIdAt))
    expect(rest.next()).toBeNull()
  })

  it('given room that was given back, what comes next finds nothing of the one before', () => {
    const index = createTopicIndex(3 * bytesOfUser, null)
    for (const user of [5, 6, 7, 8]) fill(index, user)
    fill(index, 1, 9)
    const user = index.user(userIdAt(1))
    expect(user).toMatchObject({ records: blocks, repeated: 0, forked: 0, first: 1 })
    expect([index.at(user, 1), index.at(user, 2), index.at(user, 65)]).toEqual([9, 0, 9])
  })

  it('given one user with more than there is room for, they are kept whole', () => {
    const index = createTopicIndex(10, null)
    fill(index, 1)
    expect(index.user(userIdAt(1))?.records).toBe(blocks)
    expect(index.next()).toBeNull()
  })
})
