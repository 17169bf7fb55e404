export interface ExpectedTag {
  name: string
}

/** What a person would expect of an item, kept beside Synap in the simplest way there is. */
export interface ExpectedItem {
  id: string
  title: string
  metadata: Record<string, number>
  tags: Set<ExpectedTag>
  gone: 'no' | 'deleted' | 'purged'
  /** How its title was before, last change last. */
  titles: string[]
}

export interface ExpectedRelation {
  type: string
  source: string
  target: string
}

/** One person's items, tags and relations. */
export class ExpectedLife {
  readonly items = new Map<string, ExpectedItem>()
  /** By id of the relation. */
  readonly relations = new Map<string, ExpectedRelation>()
  /** By every name that leads to it: its own, and those of tags that were merged into it. */
  readonly #tags = new Map<string, ExpectedTag>()

  living(): ExpectedItem[] {
    return [...this.items.values()].filter(({ gone }) => gone === 'no')
  }

  /** What can be seen of the items, by id. */
  describe(): { id: string; title: string; metadata: object; tags: string[] }[] {
    return this.living()
      .map(({ id, title, metadata, tags }) => {
        const names = [...tags].map(({ name }) => name).sort()
        return { id, title, metadata: { ...metadata }, tags: names }
      })
      .sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  usedTags(): ExpectedTag[] {
    return [...new Set(this.living().flatMap(({ tags }) => [...tags]))]
  }

  hasName(name: string): boolean {
    return this.#tags.has(name)
  }

  tag(name: string): ExpectedTag {
    const tag = this.#tags.get(name) ?? { name }
    this.#tags.set(name, tag)
    return tag
  }

  renameTag(tag: ExpectedTag, to: string): void {
    this.#tags.delete(tag.name)
    this.#tags.set(to, tag)
    tag.name = to
  }

  /** On every item, those that are hidden included: they may come back. */
  mergeTag(from: ExpectedTag, into: ExpectedTag): void {
    for (const { tags } of this.items.values()) {
      if (tags.delete(from)) tags.add(into)
    }
    for (const [name, tag] of this.#tags) if (tag === from) this.#tags.set(name, into)
  }

  visibleRelations(): ExpectedRelation[] {
    const isThere = (id: string) => this.items.get(id)?.gone === 'no'
    return [...this.relations.values()].filter(({ source, target }) => isThere(source) && isThere(target))
  }
}
