import { createRequire } from 'node:module'
import type * as Detector from './detector.ts'

/** What a text is written in, best guess first. */
export interface LanguageGuess {
  /** ISO 639-1, null when the detector does not trust its own answer. */
  language: string | null
  /** ISO 639-1 codes worth trying, best first, at most five, also when unsure. */
  candidates: string[]
}

const require = createRequire(import.meta.url)
let detector: typeof Detector | undefined

/** Loaded with the first text, not with the program: its table takes 0.1 s and 150 MB in each thread that asks. */
function loadDetector() {
  detector ??= require('./detector.ts') as typeof Detector
  return detector.eld
}

/** A detector reads no more than this; later text hardly changes its answer. */
const sampleLength = 2_000

/** A short text in Latin letters tells too little to be sure of any of the hundreds of languages that write so. */
const shortText = 60
const known = new Set('en de fr es pt it nl hr sr bs sl pl cs sk sv da no nb fi hu ro tr'.split(' '))

/** The language of plain text by letter n-grams (eld, size small): no network, same answer every time. */
export function detectLanguage(text: string): LanguageGuess {
  const sample = text.slice(0, sampleLength)
  const letters = sample.match(/\p{L}/gu)?.length ?? 0
  if (letters < 3) return { language: null, candidates: [] }
  const result = loadDetector().detect(sample)
  const candidates = Object.entries(result.getScores())
    .sort(([, a], [, b]) => b - a)
    .slice(0, 5)
    .map(([code]) => code)
  const sure =
    result.language !== '' &&
    result.isReliable() &&
    (letters >= shortText || isLikely(result.language, sample))
  const language = sure ? result.language : null
  return { language, candidates }
}

/** Among the languages that short captures are mostly in; other scripts speak for themselves. */
function isLikely(language: string, sample: string): boolean {
  return known.has(language) || !/\p{Script=Latin}/u.test(sample)
}
