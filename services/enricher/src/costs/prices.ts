import { z } from 'zod'

/** US dollars for a million tokens. */
export interface Price {
  input: number
  output: number
}

/** Prices by the name of the model, as it is asked for. */
export type Prices = ReadonlyMap<string, Price>

/** What was used in a call, or what it is thought to use. */
export interface Tokens {
  inputTokens: number
  outputTokens: number
}

const nanosPerDollar = 1_000_000_000
const entry = /^(?<model>[^=\s]+)\s*=\s*(?<input>\d+(?:\.\d+)?)(?:\s*\/\s*(?<output>\d+(?:\.\d+)?))?$/u

/**
 * `model=input/output`, in US dollars for a million tokens, separated by commas; a model that only embeds needs no
 * output: `gpt-5-mini=0.25/2,text-embedding-3-small=0.02`.
 */
export const pricesText = z
  .string()
  .default('')
  .transform((text, context): Prices => {
    const prices = new Map<string, Price>()
    for (const part of text.split(',').map((each) => each.trim())) {
      if (part === '') continue
      const { model, input, output = '0' } = entry.exec(part)?.groups ?? {}
      if (model === undefined || prices.has(model)) {
        context.addIssue({
          code: 'custom',
          message: `model=input/output, once for each, is expected: ${part}`,
        })
        continue
      }
      prices.set(model, { input: Number(input), output: Number(output) })
    }
    return prices
  })

/**
 * Billionths of a US dollar, rounded up; null when the model has no price. Not knowing what something costs is never the
 * same as its costing nothing.
 */
export function costNanos(prices: Prices, model: string, tokens: Tokens): number | null {
  const price = prices.get(model)
  if (price === undefined) return null
  const dollars = (price.input * tokens.inputTokens + price.output * tokens.outputTokens) / 1_000_000
  // Floating point adds a hair to many a product: rounded to a millionth of the unit before it is rounded up.
  return Math.ceil(Number((dollars * nanosPerDollar).toFixed(6)))
}

/** Dollars as a setting or a person says them, in billionths. */
export function nanosOf(dollars: number): number {
  return Math.round(dollars * nanosPerDollar)
}
