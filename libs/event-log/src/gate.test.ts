import { describe, expect, it } from 'vitest'
import { createGate } from './gate.ts'

const never = new AbortController().signal

describe('a gate', () => {
  it('given room for two, a third runs when one of them has ended', async () => {
    const gate = createGate(2)
    const ends = [1, 2, 3].map(() => Promise.withResolvers<void>())
    const begun: number[] = []
    const all = ends.map(({ promise }, index) =>
      gate(never, async () => {
        begun.push(index)
        await promise
      }),
    )
    await Promise.resolve()
    expect(begun).toEqual([0, 1])
    ends[1]?.resolve()
    await all[1]
    await Promise.resolve()
    expect(begun).toEqual([0, 1, 2])
    for (const { resolve } of ends) resolve()
    await Promise.all(all)
  })

  it('given one who leaves while waiting, the next gets the place, and work that fails gives it back', async () => {
    const gate = createGate(1)
    const first = Promise.withResolvers<void>()
    const leaving = new AbortController()
    const running = gate(never, () => first.promise)
    const left = gate(leaving.signal, () => Promise.reject(new Error('must not run')))
    const next = gate(never, () => Promise.reject(new Error('failed')))
    leaving.abort(new Error('left'))
    await expect(left).rejects.toThrow('left')
    first.resolve()
    await running
    await expect(next).rejects.toThrow('failed')
    expect(await gate(never, () => Promise.resolve('ran'))).toBe('ran')
  })
})
