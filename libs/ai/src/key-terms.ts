import { stemOf } from './stem.ts'
import { isStopWord, wordsOf } from './words.ts'

/** UTF-16 units; what a document is about shows in its beginning. */
const readLength = 20_000
const mostTerms = 24
const weightOfHeading = 3
const shortest = 3
const longest = 40

/** A word that a text dwells on. */
export interface KeyTerm {
  /** What is compared, see `stemOf`. */
  stem: string
  /** The form it has most often in the text, folded. */
  word: string
  /** How often it comes, counted thrice in the heading. */
  count: number
}

/**
 * The words that a text dwells on, the weightiest first, at most 24. Same text, same terms: ties go by the alphabet, never
 * by the order of the text.
 */
export function keyTerms(heading: string | null, text: string): KeyTerm[] {
  const counts = new Map<string, Map<string, number>>()
  const count = (part: string, weight: number) => {
    for (const word of wordsOf(part)) {
      if (!isTopical(word)) continue
      const stem = stemOf(word)
      const forms = counts.get(stem) ?? new Map<string, number>()
      forms.set(word, (forms.get(word) ?? 0) + weight)
      counts.set(stem, forms)
    }
  }
  count(heading ?? '', weightOfHeading)
  count(text.slice(0, readLength), 1)
  return [...counts].map(termOf).sort(byWeight).slice(0, mostTerms)
}

function termOf([stem, forms]: [string, ReadonlyMap<string, number>]): KeyTerm {
  let count = 0
  let word = ''
  for (const [form, times] of forms) {
    count += times
    const most = forms.get(word) ?? 0
    if (times > most || (times === most && form < word)) word = form
  }
  return { stem, word, count }
}

const byWeight = (a: KeyTerm, b: KeyTerm): number => b.count - a.count || (a.stem < b.stem ? -1 : 1)

function isTopical(word: string): boolean {
  const pair = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u.test(word)
  if ((word.length < shortest && !pair) || word.length > longest) return false
  return !/^\d/u.test(word) && !isStopWord(word)
}
