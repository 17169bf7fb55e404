import { createRequire } from 'node:module'
import type * as Encoding from 'gpt-tokenizer/encoding/cl100k_base'

const require = createRequire(import.meta.url)
let encoding: typeof Encoding | undefined

/** Loaded with the first text, not with the program: its table takes 40 MB in each thread that counts. */
function loadEncoding(): typeof Encoding {
  encoding ??= require('gpt-tokenizer/encoding/cl100k_base') as typeof Encoding
  return encoding
}

const asPlainText = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() }

/**
 * Tokens of a text as the embedding models of OpenAI count them (cl100k_base); special tokens written in it count as
 * plain text. For pieces of some hundred characters: the time for a run without a break grows faster than its length.
 */
export function tokensOf(text: string): number {
  return loadEncoding().countTokens(text, asPlainText)
}

/** True for the first half of a character outside the basic plane: never cut after it. */
export function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}
