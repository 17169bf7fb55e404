import { describe, expect, it } from 'vitest'
import { costNanos, nanosOf, pricesText } from './prices.ts'

const prices = pricesText.parse('gpt-5-mini=0.25/2, text-embedding-3-small=0.02,local=0')

describe('prices', () => {
  it('given the text of the setting, when read, then each model has its prices', () => {
    expect([...prices]).toEqual([
      ['gpt-5-mini', { input: 0.25, output: 2 }],
      ['text-embedding-3-small', { input: 0.02, output: 0 }],
      ['local', { input: 0, output: 0 }],
    ])
    expect(pricesText.parse(undefined).size).toBe(0)
  })

  it.each(['gpt-5-mini', 'a=b', 'a=1/', 'a=-1', 'a=1,a=2'])(
    'given %j, when read, then it is refused',
    (text) => {
      expect(pricesText.safeParse(text).success).toBe(false)
    },
  )

  it('given tokens, when priced, then it is exact to a billionth of a dollar, and never rounded to nothing', () => {
    const of = (model: string, inputTokens: number, outputTokens: number) =>
      costNanos(prices, model, { inputTokens, outputTokens })
    expect(of('gpt-5-mini', 1_000, 100)).toBe(250_000 + 200_000)
    expect(of('text-embedding-3-small', 1, 0)).toBe(20)
    expect(of('text-embedding-3-small', 3, 0)).toBe(60)
    expect(of('local', 10, 10)).toBe(0)
    expect(costNanos(pricesText.parse('a=0.0001'), 'a', { inputTokens: 1, outputTokens: 0 })).toBe(1)
  })

  it('given a model without a price, when priced, then the cost is unknown and not nothing', () => {
    expect(costNanos(prices, 'unheard-of', { inputTokens: 1, outputTokens: 1 })).toBeNull()
  })

  it('given dollars, when counted, then they are billionths', () => {
    expect(nanosOf(1.5)).toBe(1_500_000_000)
  })
})
