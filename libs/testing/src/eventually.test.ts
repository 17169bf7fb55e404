import { describe, expect, it } from 'vitest'
import { eventually } from './eventually.ts'

describe('eventually', () => {
  it('given a fact that comes true after failures, it returns what the probe found', async () => {
    let looks = 0
    const found = await eventually('the third look', () => {
      looks += 1
      if (looks === 1) throw new Error('not there')
      return looks === 3 ? 'here' : undefined
    })
    expect(found).toBe('here')
  })

  it('given a fact that never comes, it rejects with what was waited for and the last reason', async () => {
    const waiting = eventually('a miracle', () => Promise.reject(new Error('none today')), { deadlineMs: 60 })
    await expect(waiting).rejects.toThrow(/60 ms: a miracle.*none today/)
  })

  it('given zero and the empty string, they count as found', async () => {
    expect(await eventually('a zero', () => 0)).toBe(0)
    expect(await eventually('an empty text', () => '')).toBe('')
  })
})
