import type { AnalyseInput, Extraction, ModelProvider } from '../../src/index.ts'
import { createCollection } from './collection.ts'

/** What of the person's other items an analysis is told. */
export type Way = 'each by itself' | 'with the vocabulary' | 'with vocabulary and neighbours'
export const ways: readonly Way[] = [
  'each by itself',
  'with the vocabulary',
  'with vocabulary and neighbours',
]

export interface TagReport {
  way: Way
  /** Tags that came about, each counted once. */
  tags: number
  /** Of these, on one item only. */
  usedOnce: number
  /** Pairs of item and tag. */
  uses: number
  /** Items that have a tag. */
  tagged: number
  /** Names with the number of their items, most first. */
  most: [string, number][]
}

/**
 * Goes through documents in their order as somebody would who takes every tag that is proposed: what was taken is
 * vocabulary, and tags of a neighbour, for those that come later.
 */
export async function measureTags(
  provider: ModelProvider,
  documents: readonly Extraction[],
  way: Way,
): Promise<TagReport> {
  const collection = createCollection()
  let tagged = 0
  for (const document of documents) {
    const { terms } = document
    const input: AnalyseInput = {
      text: document.text,
      heading: document.heading,
      structured: document.structured,
      type: 'note',
      referenceMs: Date.parse('2026-11-18T14:30:00Z'),
      timeZone: 'UTC',
      terms,
      ownTags: document.frontMatter.tags,
      vocabulary: way === 'each by itself' ? [] : collection.vocabulary(),
      ...(way === 'with vocabulary and neighbours' ? collection.around(terms) : {}),
    }
    const { tags } = await provider.analyse(input, AbortSignal.timeout(60_000))
    if (tags.length > 0) tagged += 1
    collection.add(
      terms,
      tags.map(({ name }) => name),
    )
  }
  const uses = [...collection.uses()].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  return {
    way,
    tags: uses.length,
    usedOnce: uses.filter(([, items]) => items === 1).length,
    uses: uses.reduce((sum, [, items]) => sum + items, 0),
    tagged,
    most: uses,
  }
}

export function singleUseRatio({ tags, usedOnce }: TagReport): number {
  return tags === 0 ? 0 : usedOnce / tags
}

export function renderTags(files: number, reports: readonly TagReport[], show: number): string {
  const rows = reports.map((report) => {
    const { way, tags, usedOnce, uses, tagged } = report
    return `| ${way} | ${tags} | ${usedOnce} | ${singleUseRatio(report).toFixed(2)} | ${tagged} | ${(uses / Math.max(1, tagged)).toFixed(1)} |`
  })
  const lists = reports.flatMap(({ way, most }) =>
    show === 0
      ? []
      : [
          '',
          `${way}: ${most
            .slice(0, show)
            .map(([name, items]) => `${name} ${items}`)
            .join(', ')}`,
        ],
  )
  return [
    `${files} Markdown files, every proposed tag taken`,
    '',
    '| what is known of other items | tags | used once | ratio | items with a tag | tags per tagged item |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    ...lists,
    '',
  ].join('\n')
}
