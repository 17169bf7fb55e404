import { describe, expect, it } from 'vitest'
import { createFailedKeys } from './failed-keys.ts'

const setup = (perMinute: number) => {
  let now = 0
  const failed = createFailedKeys(perMinute, () => now)
  return { failed, pass: (ms: number) => void (now += ms) }
}

describe('keys that are none', () => {
  it('given as many as one address may try, the next waits for the minute to end; another address does not', () => {
    const { failed, pass } = setup(2)
    failed.noteFailed('a')
    expect(failed.waitSeconds('a', 'x')).toBeUndefined()
    failed.noteFailed('a')
    pass(20_000)
    expect(failed.waitSeconds('a', 'x')).toBe(40)
    expect(failed.waitSeconds('b', 'x')).toBeUndefined()
    pass(40_000)
    expect(failed.waitSeconds('a', 'x')).toBeUndefined()
    failed.noteFailed('a')
    expect(failed.waitSeconds('a', 'x')).toBeUndefined()
  })

  it('given a key that was good, it is looked up for that address all the same', () => {
    const { failed } = setup(1)
    failed.noteGood('mine')
    failed.noteFailed('a')
    expect(failed.waitSeconds('a', 'mine')).toBeUndefined()
    expect(failed.waitSeconds('a', 'other')).toBe(60)
  })

  it('given ever more addresses and keys, it keeps a bounded number, the newest', () => {
    const { failed } = setup(1)
    failed.noteFailed('first')
    failed.noteGood('first')
    for (let n = 0; n < 10_000; n += 1) {
      failed.noteFailed(`address ${n}`)
      failed.noteGood(`key ${n}`)
    }
    expect(failed.waitSeconds('first', 'x')).toBeUndefined()
    expect(failed.waitSeconds('address 9999', 'first')).toBe(60)
    expect(failed.waitSeconds('address 9999', 'key 0')).toBeUndefined()
  })
})
