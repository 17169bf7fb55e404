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
      const waiting = waiter.mayBeReached({ ...wanted, changes: waiter.changes(anna) }, 60_000, signal)
      waiter.wake()
      expect(await waiting).toBe(true)
      expect(readPositions).not.toHaveBeenCalled()
    })

    it('given a change while he looked, he looks again at once', async () => {
      const waiter = createPositionWaiter({ readPositions: fakeStore(new Map()), recheckMs: 60_000 })
      const changes = waiter.changes(anna)
      waiter.wake()
      expect(await waiter.mayBeReached({ ...wanted, changes }, 60_000, signal)).toBe(true)
    })

    it('given many who wait, one look finds those for whom it is time', async () => {
      const seen = new Map<UserId, number>([[anna, 2]])
      const readPositions = fakeStore(seen)
      const waiter = createPositionWaiter({ readPositions, recheckMs: 60_000 })
      const wait = (userId: UserId) =>
        waiter.mayBeReached({ userId, minimum: 2, changes: waiter.changes(userId) }, 60_000, signal)
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
      const changes = waiter.changes(anna)
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
      const waiting = waiter.mayBeReached({ ...wanted, changes: waiter.changes(anna) }, 60_000, signal)
      seen.set(anna, 2)
      expect(await waiting).toBe(true)
    })

    it('given no change, the wait ends in time', async () => {
      const waiter = createPositionWaiter({ readPositions: fakeStore(new Map()), recheckMs: 60_000 })
      expect(await waiter.mayBeReached({ ...wanted, changes: waiter.changes(anna) }, 20, signal)).toBe(false)
    })
  })

  describe('told whose positions have moved', () => {
    const moved = (userId: UserId, seen: number) => new Map([[userId, seen]])

    it('given one who waits, only what concerns him sends him to look', async () => {
      const readPositions = fakeStore(new Map())
      const waiter = createPositionWaiter({ readPositions, recheckMs: 60_000 })
      const before = waiter.changes(anna)
      waiter.wake(moved(bert, 9))
      expect(waiter.changes(anna)).toBe(before)
      const waiting = waiter.mayBeReached({ userId: anna, minimum: 2, changes: before }, 60_000, signal)
      let isSent = false
      void waiting.then(() => (isSent = true))
      waiter.wake(moved(bert, 10))
      await Promise.resolve()
      expect(isSent).toBe(false)
      // Behind still, but some other reason to look may have come with it.
      waiter.wake(moved(anna, 1))
      expect(await waiting).toBe(true)
      expect(waiter.changes(anna)).not.toBe(before)
      expect(readPositions).not.toHaveBeenCalled()
    })

    it('given many who wait for one user, those who are reached are sent to look, and one look serves the others', async () => {
      const readPositions = fakeStore(new Map())
      const waiter = createPositionWaiter({ readPositions, recheckMs: 60_000 })
      const wait = (minimum: number) =>
        waiter.mayBeReached({ userId: anna, minimum, changes: waiter.changes(anna) }, 200, signal)
      const reached = Array.from({ length: 5 }, () => wait(2))
      const behind = Array.from({ length: 5 }, () => wait(3))
      waiter.wake(moved(anna, 2))
      expect(await Promise.all(reached)).toEqual(reached.map(() => true))
      expect(await Promise.all(behind)).toEqual(behind.map(() => false))
      expect(readPositions).toHaveBeenCalledTimes(1)
    })

    it('given one who is looked for, what he was told of is looked up: it may have been another store', async () => {
      const seen = new Map<UserId, number>()
      const readPositions = fakeStore(seen)
      const waiter = createPositionWaiter({ readPositions, recheckMs: 60_000 })
      const waiting = waiter.reached(anna, 2, 60_000, signal)
      await vi.waitFor(() => expect(readPositions).toHaveBeenCalledTimes(1))
      waiter.wake(moved(anna, 2))
      await vi.waitFor(() => expect(readPositions).toHaveBeenCalledTimes(2))
      seen.set(anna, 2)
      waiter.wake(moved(anna, 2))
      expect(await waiting).toBe(true)
    })

    it('given what was said, it is remembered until nobody knows what was missed', () => {
      const waiter = createPositionWaiter({ readPositions: fakeStore(new Map()) })
      expect(waiter.heard(anna)).toBeUndefined()
      waiter.wake(moved(anna, 4))
      waiter.wake(moved(anna, 3))
      expect(waiter.heard(anna)).toBe(4)
      waiter.wake()
      expect(waiter.heard(anna)).toBeUndefined()
    })

    it('given more users than are remembered, one who was forgotten counts as changed', () => {
      const waiter = createPositionWaiter({ readPositions: fakeStore(new Map()) })
      waiter.wake(moved(anna, 4))
      const changes = waiter.changes(anna)
      for (let n = 0; n < 10_000; n += 1) waiter.wake(moved(`user ${n}` as UserId, 1))
      expect(waiter.heard(anna)).toBeUndefined()
      expect(waiter.changes(anna)).not.toBe(changes)
    })
  })
})
