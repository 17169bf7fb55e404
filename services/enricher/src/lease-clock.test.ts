import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LeaseLost, startLeaseClock } from './lease-clock.ts'

describe('startLeaseClock', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  const never = new AbortController().signal

  it('given a database that answers, when time passes, then the lease is kept', async () => {
    const renew = vi.fn<() => Promise<void>>().mockResolvedValue(undefined)
    const clock = startLeaseClock({ leaseMs: 900, stop: never, renew })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(clock.signal.aborted).toBe(false)
    expect(renew.mock.calls.length).toBeGreaterThan(20)
    clock.stop()
  })

  it('given a database that is away, when the lease is nearly over, then the work is ended', async () => {
    const renew = () => Promise.reject(new Error('away'))
    const clock = startLeaseClock({ leaseMs: 900, stop: never, renew })
    await vi.advanceTimersByTimeAsync(800)
    expect(clock.signal.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(20)
    expect(clock.signal.reason).toBeInstanceOf(LeaseLost)
    clock.stop()
  })

  it('given a job that was taken away, when the next renewal says so, then the work is ended at once', async () => {
    const renew = () => Promise.reject(new LeaseLost())
    const clock = startLeaseClock({ leaseMs: 900, stop: never, renew })
    await vi.advanceTimersByTimeAsync(310)
    expect(clock.signal.reason).toBeInstanceOf(LeaseLost)
    clock.stop()
  })

  it('given the end of the process, when it comes, then its reason is the reason; after stop nothing runs on', async () => {
    const stop = new AbortController()
    const clock = startLeaseClock({ leaseMs: 900, stop: stop.signal, renew: () => Promise.resolve() })
    stop.abort(new Error('stopping'))
    expect(String(clock.signal.reason)).toContain('stopping')
    clock.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})
