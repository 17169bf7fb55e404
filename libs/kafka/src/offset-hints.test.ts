import { silentLogger } from '@synap/messaging'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createAssignment } from './assignment.ts'
import { createOffsetHints } from './offset-hints.ts'

describe('hints of offsets', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  function setUp() {
    const told: unknown[] = []
    const payload = {
      commitOffsetsIfNecessary: (offsets: unknown) => {
        told.push(offsets)
        return Promise.reject(new Error('the group is rebalancing'))
      },
    }
    const assignment = createAssignment()
    const places = [0, 1, 2].map((partition) => ({ topic: 'events', partition }))
    const partitions = assignment.replace(places)
    const hints = createOffsetHints(silentLogger)
    const note = (index: number, next: bigint) => {
      const partition = partitions[index]
      if (partition !== undefined) hints.note(partition, { payload, next })
    }
    return { told, assignment, note }
  }
  const of = (...offsets: [partition: number, offset: string][]) => ({
    topics: [{ topic: 'events', partitions: offsets.map(([partition, offset]) => ({ partition, offset })) }],
  })

  it('given what moves meanwhile, the newest of each partition is told in one message, a little later', async () => {
    const { told, note } = setUp()
    note(0, 4n)
    note(1, 7n)
    note(0, 5n)
    await vi.advanceTimersByTimeAsync(499)
    expect(told).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(told).toEqual([of([1, '7'], [0, '5'])])
    note(2, 9n)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(told.slice(1)).toEqual([of([2, '9'])])
  })

  it('given partitions that are given up, what is due is told at once, and nothing later', async () => {
    const { told, assignment, note } = setUp()
    note(0, 4n)
    note(2, 6n)
    assignment.revoke()
    expect(told).toEqual([of([0, '4'], [2, '6'])])
    await vi.advanceTimersByTimeAsync(5_000)
    expect(told).toHaveLength(1)
  })
})
