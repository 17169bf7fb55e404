import { describe, expect, it } from 'vitest'
import { brokenLimit, type Limits } from './limits.ts'

const none: Limits = { calls: null, tokens: null, costNanos: null }
const nothing = { calls: 0, tokens: 0, costNanos: 0 }
const need = { tokens: 100, costNanos: 50 }

describe('limits', () => {
  it('given no limit, when asked, then everything may be used, with or without a price', () => {
    expect(brokenLimit(none, { calls: 9e9, tokens: 9e12, costNanos: 9e12 }, need)).toBeUndefined()
    expect(brokenLimit(none, nothing, { tokens: 1, costNanos: null })).toBeUndefined()
  })

  it('given a limit, when the next call fits exactly, then it may be made, and the one after it not', () => {
    expect(brokenLimit({ ...none, calls: 3 }, { ...nothing, calls: 2 }, need)).toBeUndefined()
    expect(brokenLimit({ ...none, calls: 3 }, { ...nothing, calls: 3 }, need)).toBe('calls')
    expect(brokenLimit({ ...none, tokens: 300 }, { ...nothing, tokens: 200 }, need)).toBeUndefined()
    expect(brokenLimit({ ...none, tokens: 300 }, { ...nothing, tokens: 201 }, need)).toBe('tokens')
    expect(brokenLimit({ ...none, costNanos: 100 }, { ...nothing, costNanos: 51 }, need)).toBe('cost')
  })

  it('given an item larger than the limit, when nothing was used today, then it goes through; with a limit of 0 nothing does', () => {
    expect(brokenLimit({ ...none, tokens: 10 }, nothing, need)).toBeUndefined()
    expect(brokenLimit({ ...none, tokens: 10 }, { ...nothing, tokens: 1 }, need)).toBe('tokens')
    expect(brokenLimit({ ...none, calls: 0 }, nothing, need)).toBe('calls')
    expect(brokenLimit({ ...none, tokens: 0 }, nothing, need)).toBe('tokens')
    expect(brokenLimit({ ...none, costNanos: 0 }, nothing, need)).toBe('cost')
  })

  it('given a limit of money and a model without a price, when asked, then the price is what is missing', () => {
    expect(brokenLimit({ ...none, costNanos: 100 }, nothing, { tokens: 1, costNanos: null })).toBe('price')
  })

  it('given a limit of money and a model that costs nothing, when the money is used up, then it may be asked', () => {
    expect(
      brokenLimit({ ...none, costNanos: 100 }, { ...nothing, costNanos: 100 }, { tokens: 1, costNanos: 0 }),
    ).toBeUndefined()
  })
})
