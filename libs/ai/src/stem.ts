const fewestLetters = 4

/**
 * A folded word without the ending of a plural, so that "recipes" and "recipe" are one. Crude on purpose: it is compared
 * with itself only, and a short word keeps what tells it from others ("notes" is not "not").
 */
export function stemOf(word: string): string {
  const short = word.replace(/(?:es|(?<!s)s|e)$/u, '')
  if (short.length >= fewestLetters) return short
  const singular = word.replace(/(?<!s)s$/u, '')
  return singular.length >= fewestLetters - 1 ? singular : word
}
