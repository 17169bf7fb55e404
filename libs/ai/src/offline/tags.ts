import { type KeyTerm, keyTerms } from '../key-terms.ts'
import { knownTags, ownTagsOf } from '../own-tags.ts'
import type { AnalyseInput, Neighbour, TagProposal } from '../provider.ts'
import { stemOf } from '../stem.ts'
import { fold, wordsOf } from '../words.ts'

const mostTags = 5
const readLength = 20_000
/** A text of more words than that names many things in passing: an own tag must be among what it dwells on. */
const shortText = 120
const mostDwelt = 12
const fewestMentions = 2
/** A new tag is one of the weightiest words. */
const mostAble = 8
const fewestRepeats = 3
const fewestRepeatsOfShared = 2
/** Letters of a word that is worth a tag. */
const shortestTag = 4

/**
 * Tags for a text, in this order: those the document or its hashtags name, the user's own whose words it has, those that
 * items like it have, and only when there is none of all that, one new word that it keeps coming back to, sooner one
 * that other items of the user dwell on too. Frugal on purpose: a tag that is used once helps nobody.
 */
export function proposeTags(input: AnalyseInput): TagProposal[] {
  const known = knownTags(input)
  const proposals = new Map<string, TagProposal>()
  const propose = (name: string, confidence: number) => {
    const key = fold(name)
    if (key !== '' && !proposals.has(key)) proposals.set(key, { name: known.get(key) ?? name, confidence })
  }
  for (const own of ownTagsOf(input)) propose(own.name, own.confidence)
  if (!input.structured) for (const tag of hashtagsOf(input.text)) propose(tag.toLowerCase(), 0.95)
  const written = proposals.size

  const terms = input.terms ?? keyTerms(input.heading, input.text)
  for (const { name, confidence } of fromVocabulary(input, terms)) propose(name, confidence)
  for (const { name, confidence } of fromNeighbours(input.neighbours ?? [])) propose(name, confidence)
  if (proposals.size === 0 && (input.newTags ?? 1) > 0) {
    const fresh = freshTag(terms, input)
    if (fresh !== undefined) propose(fresh.name, fresh.confidence)
  }
  return [...proposals.values()]
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, Math.max(mostTags, written))
}

function hashtagsOf(text: string): string[] {
  const found = text.slice(0, readLength).matchAll(/(?:^|\s)#([\p{L}][\p{L}\p{N}_-]{1,39})(?![\p{L}\p{N}])/gu)
  return [...found].map(([, tag = '']) => tag).slice(0, mostTags)
}

/** The user's tags whose words are in the heading, or in the text: all it has when it is short, else what it dwells on. */
function fromVocabulary(input: AnalyseInput, terms: readonly KeyTerm[]): TagProposal[] {
  const head = stemsOf(input.heading ?? '')
  const words = wordsOf(input.text.slice(0, readLength))
  const body = words.length <= shortText ? new Set(words.map(stemOf)) : new Set(dweltOn(terms))
  return input.vocabulary.flatMap((name) => {
    const stems = [...stemsOf(name)]
    if (stems.length === 0) return []
    if (stems.every((stem) => head.has(stem))) return { name, confidence: 0.9 }
    return stems.every((stem) => head.has(stem) || body.has(stem)) ? { name, confidence: 0.75 } : []
  })
}

function dweltOn(terms: readonly KeyTerm[]): string[] {
  return terms
    .slice(0, mostDwelt)
    .filter(({ count }) => count >= fewestMentions)
    .map(({ stem }) => stem)
}

/** Tags that items like this one have: set when most of their likeness speaks for one, suggested when some does. */
function fromNeighbours(neighbours: readonly Neighbour[]): TagProposal[] {
  const all = neighbours.reduce((sum, { likeness }) => sum + likeness, 0)
  const votes = new Map<string, { likeness: number; items: number }>()
  for (const { likeness, tags } of neighbours) {
    for (const name of new Set(tags)) {
      const vote = votes.get(name) ?? { likeness: 0, items: 0 }
      votes.set(name, { likeness: vote.likeness + likeness, items: vote.items + 1 })
    }
  }
  return [...votes].flatMap(([name, { likeness, items }]) => {
    if (items >= 2 && likeness >= all / 2) return { name, confidence: 0.6 }
    return items >= 2 || likeness >= 0.6 ? { name, confidence: 0.35 } : []
  })
}

/** A word the text returns to; undefined when none stands out. */
function freshTag(
  terms: readonly KeyTerm[],
  { sharedStems = [], commonStems = [] }: AnalyseInput,
): TagProposal | undefined {
  const shared = new Set(sharedStems)
  const common = new Set(commonStems)
  const able = terms
    .slice(0, mostAble)
    .filter(({ stem, word }) => word.length >= shortestTag && !common.has(stem))
  const joint = able.find(({ stem, count }) => shared.has(stem) && count >= fewestRepeatsOfShared)
  if (joint !== undefined) return { name: joint.word, confidence: 0.45 }
  const lone = able.find(({ count }) => count >= fewestRepeats)
  return lone === undefined ? undefined : { name: lone.word, confidence: 0.4 }
}

function stemsOf(text: string): Set<string> {
  return new Set(wordsOf(text).map(stemOf))
}
