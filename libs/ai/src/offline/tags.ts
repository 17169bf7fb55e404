import type { AnalyseInput, TagProposal } from '../provider.ts'
import { fold, isStopWord, wordsOf } from '../words.ts'

const mostTags = 5
const readLength = 20_000
const fewestRepeats = 3

/**
 * Tags for a text: hashtags the person wrote, then the user's own tags whose words occur in it, then at most one new
 * word that the text keeps coming back to. Frugal on purpose: a tag that is used once helps nobody.
 */
export function proposeTags(input: AnalyseInput): TagProposal[] {
  const head = input.heading ?? ''
  const body = input.text.slice(0, readLength)
  const proposals = new Map<string, TagProposal>()
  const propose = (name: string, confidence: number) => {
    const key = fold(name)
    if (key !== '' && !proposals.has(key)) proposals.set(key, { name, confidence })
  }
  const known = new Map(input.vocabulary.map((name) => [fold(name), name]))
  if (!input.structured) {
    for (const [, tag = ''] of body.matchAll(/(?:^|\s)#([\p{L}][\p{L}\p{N}_-]{1,39})(?![\p{L}\p{N}])/gu)) {
      propose(known.get(fold(tag)) ?? tag.toLowerCase(), 0.95)
    }
  }
  const inHead = stemsOf(head)
  const inBody = stemsOf(body)
  for (const name of input.vocabulary) {
    const stems = [...stemsOf(name)]
    if (stems.length === 0) continue
    if (stems.every((stem) => inHead.has(stem))) propose(name, 0.9)
    else if (stems.every((stem) => inHead.has(stem) || inBody.has(stem))) propose(name, 0.75)
  }
  if (proposals.size === 0) {
    const keyword = keywordOf(head, body)
    if (keyword !== undefined) propose(keyword, 0.4)
  }
  return [...proposals.values()].sort((a, b) => b.confidence - a.confidence).slice(0, mostTags)
}

/** The word a text returns to most, counted double in its title; undefined when none stands out. */
function keywordOf(head: string, body: string): string | undefined {
  const counts = new Map<string, number>()
  const count = (text: string, weight: number) => {
    for (const word of wordsOf(text)) {
      if (word.length < 4 || /^\d/u.test(word) || isStopWord(word)) continue
      counts.set(word, (counts.get(word) ?? 0) + weight)
    }
  }
  count(head, 2)
  count(body, 1)
  let best: { word: string; score: number } | undefined
  for (const [word, score] of counts) {
    // Ties go to the word first in the alphabet, so that the answer never depends on the order of the text.
    if (best === undefined || score > best.score || (score === best.score && word < best.word))
      best = { word, score }
  }
  return best !== undefined && best.score >= fewestRepeats ? best.word : undefined
}

/** Folded words with a plural ending taken off. */
function stemsOf(text: string): Set<string> {
  return new Set(wordsOf(text).map((word) => (word.length > 3 ? word.replace(/(?:es|s)$/u, '') : word)))
}
