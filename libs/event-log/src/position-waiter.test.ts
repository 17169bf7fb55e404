import type { UserId } from '@synap/core'
import { describe, expect, it, vi } from 'vitest'
import { createPositionWaiter, type ReadPositions } from './position-waiter.ts'

const anna = '018f0000-0000-7000-8000-00000000000a' as UserId
const bert = '018f0000-0000-7000-8000-00000000000b' as UserId
const signal = new AbortController().signal

function fakeStore(seen: Map<UserId, number>) {
  return vi.fn<ReadPositions>((users) =>
    Promise.resolve(new Map(users.map((user) => [user, seen.get(user) ?? 0] as const))),
  )
}

describe('waiting for a position', () => {
  it('given a store that is there already, one look is enough and nothing is left running', async () => {
    const readPositions = fakeStore(new Map([[anna, 7]]))
    const waiter = createPositionWaiter({ readPositions })
    expect(await waiter.reached(anna, 7, 1_000, signal)).toBe(true)
    expect(readPositions).toHaveBeenCalledTimes(1)
  })

  it('given a store that is behind, a wake-up settles those it has reached and keeps the others', async () => {
    const seen = new Map([[anna, 1]])
    const readPositions = fakeStore(seen)
    const waiter = createPositionWaiter({ readPositions, recheckMs: 60_000 })
    const forAnna = waiter.reached(anna, 2, 5_000, signal)
    const forBert = waiter.reached(bert, 1, 60, signal)
    await vi.waitFor(() => expect(readPositions).toHaveBeenCalledTimes(2))
    seen.set(anna, 2)
    waiter.wake()
    expect(await forAnna).toBe(true)
    expect(await forBert).toBe(false)
  })

  it('given a lost notification, the recheck finds the position all the same', async () => {
    const seen = new Map<UserId, number>()
    const waiter = createPositionWaiter({ readPositions: fakeStore(seen), recheckMs: 5 })
    const waiting = waiter.reached(anna, 1, 5_000, signal)
    seen.set(anna, 1)
    expect(await waiting).toBe(true)
  })

  it('given many who wait for one user, a look asks for that user once', async () => {
    const seen = new Map<UserId, number>()
    const readPositions = fakeStore(seen)
    const waiter = createPositionWaiter({ readPositions, recheckMs: 60_000 })
    const waits = Array.from({ length: 50 }, () => waiter.reached(anna, 1, 5_000, signal))
    await vi.waitFor(() => expect(readPositions).toHaveBeenCalledTimes(2))
    seen.set(anna, 1)
    waiter.wake()
    expect(await Promise.all(waits)).toEqual(Array.from({ length: 50 }, () => true))
    expect(readPositions.mock.lastCall).toEqual([[anna]])
    expect(readPositions.mock.calls.length).toBeLessThan(5)
  })

  it('given a database that is away, those who wait are told', async () => {
    const waiter = createPositionWaiter({ readPositions: () => Promise.reject(new Error('away')) })
    await expect(waiter.reached(anna, 1, 5_000, signal)).rejects.toThrow('away')
  })

  it('given a client that leaves, its wait ends with the reason', async () => {
    const leaving = new AbortController()
    const waiter = createPositionWaiter({ readPositions: fakeStore(new Map()) })
    const waiting = waiter.reached(anna, 1, 5_000, leaving.signal)
    leaving.abort(new Error('client left'))
    await expect(waiting).rejects.toThrow('client left')
  })

  describe('by who looks for himself', () => {
    const wanted = { userId: anna, minimum: 2 }

    it('given one who waits, a change sends him to look, and nobody looks for him', async () => {
      const readPositions = fakeStore(new Map())
      const waiter = createPositionWaiter({ readPositions, recheckMs: 60_000 })
      const waiting = waiter.mayBeReached({ ...wanted, changes: waiter.changes() }, 60_000, signal)
      waiter.wake()
      expect(await waiting).toBe(true)
      expect(readPositions).not.toHaveBeenCalled()
    })

    it('given a change while he looked, he looks again at once', async () => {
      const waiter = createPositionWaiter({ readPositions: fakeStore(new Map()), recheckMs: 60_000 })
      const changes = waiter.changes()
      waiter.wake()
      expect(await waiter.mayBeReached({ ...wanted, changes }, 60_000, signal)).toBe(true)
    })

    it('given many who wait, one look finds those for whom it is time', async () => {
      const seen = new Map<UserId, number>([[anna, 2]])
      const readPositions = fakeStore(seen)
      const waiter = createPositionWaiter({ readPositions, recheckMs: 60_000 })
      const changes = waiter.changes()
      const wait = (userId: UserId) => waiter.mayBeReached({ userId, minimum: 2, changes }, 60_000, signal)
      const forBert = Array.from({ length: 10 }, () => wait(bert))
      const forAnna = wait(anna)
      waiter.wake()
      expect(await forAnna).toBe(true)
      expect(readPositions).toHaveBeenCalledTimes(1)
      seen.set(bert, 2)
      waiter.wake()
      expect(await Promise.all(forBert)).toEqual(forBert.map(() => true))
      expect(readPositions).toHaveBeenCalledTimes(2)
    })

    it('given a change that came to nobody, many who looked before it are looked for', async () => {
      const readPositions = fakeStore(new Map([[anna, 2]]))
      const waiter = createPositionWaiter({ readPositions, recheckMs: 60_000 })
      const changes = waiter.changes()
      waiter.wake()
      const waits = Array.from({ length: 10 }, () =>
        waiter.reached(bert, 9, 60_000, AbortSignal.timeout(50)).catch(() => false),
      )
      expect(await waiter.mayBeReached({ ...wanted, changes }, 60_000, signal)).toBe(true)
      expect(await Promise.all(waits)).toEqual(waits.map(() => false))
      expect(readPositions).toHaveBeenCalled()
    })

    it('given a lost notification, the recheck finds the position all the same', async () => {
      const seen = new Map<UserId, number>()
      const waiter = createPositionWaiter({ readPositions: fakeStore(seen), recheckMs: 5 })
      const waiting = waiter.mayBeReached({ ...wanted, changes: waiter.changes() }, 60_000, signal)
      seen.set(anna, 2)
      expect(await waiting).toBe(true)
    })

    it('given no change, the wait ends in time', async () => {
      const waiter = createPositionWaiter({ readPositions: fakeStore(new Map()), recheckMs: 60_000 })
      expect(await waiter.mayBeReached({ ...wanted, changes: waiter.changes() }, 20, signal)).toBe(false)
    })
  })
})
