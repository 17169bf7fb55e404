import { vectorDimensions } from '../provider.ts'
import { visibleSigns } from '../visible.ts'
import { isStopWord, wordsOf } from '../words.ts'

/** The name under which these vectors are stored. Any change to the numbers below needs a new one. */
export const offlineEmbeddingModel = 'synap-offline-1'

const wordWeight = 1
const stopWordWeight = 0.15
const gramWeight = 0.35

/**
 * Likeness of words, nothing more: each word and each run of three letters in it adds a signed amount to one of the
 * 1536 places that its hash names (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009),
 * frequent words by the root of their number, the whole scaled to length 1. Texts that share words or stems point the
 * same way; texts that only mean the same do not.
 *
 * @returns undefined when the text has no visible character.
 */
export function embedOffline(text: string): Float32Array | undefined {
  const features = new Map<string, number>()
  const add = (feature: string, weight: number) =>
    features.set(feature, (features.get(feature) ?? 0) + weight)
  for (const word of wordsOf(text)) {
    const weight = isStopWord(word) ? stopWordWeight : wordWeight
    add(`w:${word}`, weight)
    if (weight === wordWeight) for (const gram of gramsOf(word)) add(`g:${gram}`, gramWeight)
  }
  if (features.size === 0) {
    for (const sign of visibleSigns(text)) add(`s:${sign}`, 1)
  }
  return features.size === 0 ? undefined : project(features)
}

/** Runs of three letters of a word with its ends marked, so that `milk` and `milkman` share three of them. */
function gramsOf(word: string): string[] {
  const letters = Array.from(`^${word}$`)
  const grams: string[] = []
  for (let index = 0; index + 3 <= letters.length; index += 1) {
    grams.push(letters.slice(index, index + 3).join(''))
  }
  return grams
}

function project(features: Map<string, number>): Float32Array {
  const sums = new Float64Array(vectorDimensions)
  for (const [feature, amount] of features) {
    const hash = fnv1a(feature)
    const place = (hash >>> 1) % vectorDimensions
    sums[place] = (sums[place] ?? 0) + (hash & 1 ? 1 : -1) * Math.sqrt(amount)
  }
  let square = 0
  for (const value of sums) square += value * value
  // Two features of one place and opposite sign can cancel out in a very short text.
  if (square === 0) {
    sums[0] = 1
    square = 1
  }
  const scale = 1 / Math.sqrt(square)
  return Float32Array.from(sums, (value) => value * scale)
}

/** FNV-1a, 32 bits, over UTF-8, with the final mix of MurmurHash3 so that the low bit is as good as any. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

const encoder = new TextEncoder()
