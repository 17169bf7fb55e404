import { plainLine } from './plain-line.ts'
import type { AnalyseInput, TagProposal } from './provider.ts'
import { fold } from './words.ts'

const longestTag = 60
const mostOwnTags = 10

/** Every tag that the user has, by its folded name: spelled as the user spells it. */
export function knownTags({ vocabulary, neighbours = [] }: AnalyseInput): Map<string, string> {
  const names = [...neighbours.flatMap(({ tags }) => tags), ...vocabulary]
  return new Map(names.map((name) => [fold(name), name]))
}

/** What the document names as its tags, as plain words. The person wrote them: none counts as new. */
export function ownTagsOf(input: AnalyseInput): TagProposal[] {
  const known = knownTags(input)
  const found = new Map<string, TagProposal>()
  for (const written of input.ownTags ?? []) {
    const name = tagLine(written)
    const key = fold(name)
    if (key === '' || found.has(key) || found.size >= mostOwnTags) continue
    found.set(key, { name: known.get(key) ?? name, confidence: 0.95 })
  }
  return [...found.values()]
}

/** A tag as one line of plain words without its sign; empty when nothing is left. */
export function tagLine(text: string): string {
  return plainLine(text, longestTag)?.replace(/^#+\s*/u, '') ?? ''
}
