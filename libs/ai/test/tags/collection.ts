import { type KeyTerm, likenessOf, type Neighbour } from '../../src/index.ts'

interface Item {
  id: string
  stems: ReadonlySet<string>
  tags: readonly string[]
}

/** What the enricher keeps of a user's items, in memory. */
export interface Collection {
  /** Tags in use, most used first, then by name. */
  vocabulary(): string[]
  around(terms: readonly KeyTerm[]): { neighbours: Neighbour[]; sharedStems: string[]; commonStems: string[] }
  add(terms: readonly KeyTerm[], tags: readonly string[]): void
  /** How many items each tag is on. */
  uses(): ReadonlyMap<string, number>
}

const mostNeighbours = 5

export function createCollection(): Collection {
  const items: Item[] = []
  const uses = new Map<string, number>()
  return {
    vocabulary: () => [...uses].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([name]) => name),
    around: (terms) => {
      const own = terms.map(({ stem }) => stem)
      const candidates = items.map(({ id, stems }) => ({
        id,
        shared: own.filter((stem) => stems.has(stem)),
        size: stems.size,
      }))
      const { likest, sharedTerms, commonTerms } = likenessOf(
        own,
        candidates.filter(({ shared }) => shared.length > 0),
        items.length,
      )
      const tagsOf = new Map(items.map(({ id, tags }) => [id, tags]))
      const neighbours = likest
        .map(({ id, likeness }) => ({ likeness, tags: tagsOf.get(id) ?? [] }))
        .filter(({ tags }) => tags.length > 0)
        .slice(0, mostNeighbours)
      return { neighbours, sharedStems: sharedTerms, commonStems: commonTerms }
    },
    add: (terms, tags) => {
      const id = String(items.length).padStart(6, '0')
      items.push({ id, stems: new Set(terms.map(({ stem }) => stem)), tags })
      for (const tag of tags) uses.set(tag, (uses.get(tag) ?? 0) + 1)
    },
    uses: () => uses,
  }
}
