import { countTokens } from 'gpt-tokenizer/encoding/cl100k_base'

/** Longer runs without a break are counted in parts: the tokenizer's time grows faster than a run's length. */
const longestRun = 256

/**
 * Tokens of a text as the embedding models of OpenAI count them (cl100k_base), never below the true number by more
 * than rounding at the joints of very long runs. Special tokens written in the text count as plain text.
 */
export function tokensOf(text: string): number {
  let tokens = 0
  for (let start = 0; start < text.length; ) {
    let end = Math.min(text.length, start + longestRun)
    if (end < text.length) {
      const space = text.lastIndexOf(' ', end)
      if (space > start) end = space
      else if (isHighSurrogate(text.charCodeAt(end - 1))) end -= 1
    }
    tokens += countTokens(text.slice(start, end), { allowedSpecial: new Set(), disallowedSpecial: new Set() })
    start = end
  }
  return tokens
}

/** True for the first half of a character outside the basic plane: never cut after it. */
export function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}
