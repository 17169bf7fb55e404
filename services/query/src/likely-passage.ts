const shownBefore = 200
const shownAfter = 1_000
const mostWords = 16
const mostPlaces = 100

/**
 * The part of a long text in which most of a question's words begin, and some text around it; undefined when none does. A word counts
 * by its beginning, whatever the case and the accents, so that most of its other forms count too: this only chooses what
 * the database, which knows them all, looks at.
 */
export function likelyPassage(text: string, question: string): string | undefined {
  const plain = withoutAccents(text)
  const places = wordsOf(question).flatMap((word, nth) => placesOf(plain, word, nth))
  places.sort((a, b) => a.at - b.at)
  let best: { at: number; words: number } | undefined
  for (const [index, { at }] of places.entries()) {
    const near = new Set<number>()
    for (let next = index; (places[next]?.at ?? Infinity) < at + shownAfter; next += 1) {
      near.add(places[next]?.nth ?? 0)
    }
    if (near.size > (best?.words ?? 0)) best = { at, words: near.size }
  }
  if (best === undefined) return undefined
  const from = Math.max(0, best.at - shownBefore)
  const until = best.at + shownAfter
  return text.slice(wordEdge(text, from), wordEdge(text, until))
}

/** The longest first. */
function wordsOf(question: string): string[] {
  const words = new Set(
    withoutAccents(question)
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [],
  )
  return [...words].sort((a, b) => b.length - a.length).slice(0, mostWords)
}

/** Where as much of the word as possible begins a word. */
function placesOf(plain: string, word: string, nth: number): { at: number; nth: number }[] {
  for (const share of [1, 0.75, 0.5]) {
    const beginning = word.slice(0, Math.max(3, Math.ceil(word.length * share)))
    const places: { at: number; nth: number }[] = []
    if (!beginning.isWellFormed()) continue
    for (const { index } of plain.matchAll(new RegExp(`(?<![\\p{L}\\p{N}])${beginning}`, 'giu'))) {
      places.push({ at: index, nth })
      if (places.length === mostPlaces) break
    }
    if (places.length > 0) return places
  }
  return []
}

/** As many code units as before. */
function withoutAccents(text: string): string {
  return text.replace(/[\u{c0}-\u{24f}]/gu, (letter) => letter.normalize('NFD').charAt(0))
}

/** The next white space, where there is one soon: no word and no character is cut there. */
function wordEdge(text: string, at: number): number {
  if (at <= 0 || at >= text.length) return Math.min(Math.max(at, 0), text.length)
  const space = text.slice(at, at + 100).search(/\s/u)
  if (space >= 0) return at + space
  return text.slice(at, at + 1).isWellFormed() ? at : at + 1
}
