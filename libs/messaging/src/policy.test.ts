import { SynapError } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { createHaltWindow } from './halt-window.ts'
import { actionOf, driverActionOf, pauseMs } from './policy.ts'

const failure = (errorClass: SynapError['class'], retryAfterMs?: number) =>
  new SynapError('a failure', {
    code: 'test.failure',
    class: errorClass,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })

describe('the error classifier', () => {
  it('given each class, it names the action of the design', () => {
    const classes = ['data', 'order', 'dependency', 'configuration', 'bug'] as const
    expect(classes.map((name) => actionOf(failure(name)))).toEqual([
      'park',
      'repair',
      'pause',
      'halt',
      'crash',
    ])
  })

  it('given anything that no adapter has classified, it is a bug', () => {
    expect([new TypeError('x'), 'text', undefined, null].map(actionOf)).toEqual(
      Array.from({ length: 4 }, () => 'crash'),
    )
  })

  it('given data or order that a handler let through, the driver halts and does not skip', () => {
    expect(driverActionOf(failure('data'))).toBe('halt')
    expect(driverActionOf(failure('order'))).toBe('halt')
    expect(driverActionOf(failure('dependency'))).toBe('pause')
    expect(driverActionOf(new TypeError('x'))).toBe('crash')
  })
})

describe('the pause of a partition', () => {
  it('given many failures, it never exceeds 30 s and never is zero', () => {
    for (let attempt = 1; attempt < 100; attempt += 1) {
      const ms = pauseMs(attempt, failure('dependency'))
      expect(ms).toBeGreaterThan(0)
      expect(ms).toBeLessThanOrEqual(30_000)
    }
  })

  it('given a server that names a time, it waits at least that long, up to the cap', () => {
    expect(pauseMs(1, failure('dependency', 7_000))).toBe(7_000)
    expect(pauseMs(1, failure('dependency', 3_600_000))).toBe(30_000)
  })
})

describe('the halting rate', () => {
  const minute = 60_000
  const windowAt = () => {
    const clock = { ms: 0 }
    return { clock, window: createHaltWindow(undefined, () => clock.ms) }
  }

  it('given few records, however bad, it does not halt', () => {
    expect(windowAt().window.record(199, 199)).toBe(false)
  })

  it('given 200 records with 20 parked, it halts', () => {
    const { window } = windowAt()
    expect(window.record(180, 0)).toBe(false)
    expect(window.record(20, 20)).toBe(true)
  })

  it('given 20 parked among many good ones, five per cent or less, it goes on', () => {
    const { window } = windowAt()
    expect(window.record(400, 20)).toBe(false)
    expect(window.record(1, 1)).toBe(true)
  })

  it('given parked records more than a minute old, they no longer count', () => {
    const { clock, window } = windowAt()
    expect(window.record(180, 19)).toBe(false)
    clock.ms = minute + 2_000
    expect(window.record(100, 1)).toBe(false)
    expect(window.record(100, 19)).toBe(true)
  })
})
