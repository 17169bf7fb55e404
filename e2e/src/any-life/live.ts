import type { HistoryList, TagList } from '@synap/contracts'
import { createRandom } from '../seeded-random.ts'
import { type ExpectedItem, ExpectedLife, type ExpectedTag } from './model.ts'
import type { Person } from './person.ts'

const words = ['garden', 'work', 'home', 'errands', 'ideas', 'books']
const relationTypes = ['contains', 'blocks', 'mentions', 'derived_from']

export interface Lived {
  /** What must be there now. */
  now: ExpectedLife
  /** What was there half way, and the sequence of that moment. */
  halfWay: { sequence: number; items: ReturnType<ExpectedLife['describe']> }
}

/** Lives as one person: so many changes of every kind, one after the other. */
export async function live(person: Person, seed: number, steps: number): Promise<Lived> {
  const living = new Living(person, createRandom(seed))
  const half = Math.floor(steps / 2)
  for (let step = 0; step < half; step += 1) await living.act(step)
  const halfWay = { sequence: person.sequence(), items: living.life.describe() }
  for (let step = half; step < steps; step += 1) await living.act(step)
  return { now: living.life, halfWay }
}

class Living {
  readonly life = new ExpectedLife()
  readonly #person: Person
  readonly #random: () => number

  constructor(person: Person, random: () => number) {
    this.#person = person
    this.#random = random
  }

  /** The first acts are captures: there has to be something to change. */
  async act(step: number): Promise<void> {
    const acts: (() => Promise<void>)[] = [
      () => this.#capture(),
      () => this.#retitle(),
      () => this.#retitle(),
      () => this.#describe(),
      () => this.#tag(),
      () => this.#tag(),
      () => this.#untag(),
      () => this.#remove(),
      () => this.#restore(),
      () => this.#purge(),
      () => this.#connect(),
      () => this.#connect(),
      () => this.#disconnect(),
      () => this.#rename(),
      () => this.#merge(),
      () => this.#undoTitle(),
    ]
    await (step < 6 || this.#random() < 0.15 ? acts[0] : this.#oneOf(acts))?.()
  }

  #upTo(n: number): number {
    return Math.floor(this.#random() * n)
  }

  #oneOf<T>(of: readonly T[]): T | undefined {
    return of[this.#upTo(of.length)]
  }

  async #capture(): Promise<void> {
    const title = `${this.#person.name} ${this.#upTo(1_000_000)}`
    const names = words.filter(() => this.#random() < 0.3)
    const metadata = { n: this.#upTo(100) }
    const { id } = await this.#person.do(
      'POST',
      '/v1/entities',
      { type: 'note', title, tags: names, metadata },
      201,
    )
    const tags = new Set(names.map((name) => this.life.tag(name)))
    this.life.items.set(id, { id, title, metadata, tags, gone: 'no', titles: [] })
  }

  async #retitle(): Promise<void> {
    await this.#onItem(async (item) => {
      const title = `${this.#person.name} again ${this.#upTo(1_000_000)}`
      await this.#person.do('PATCH', `/v1/entities/${item.id}`, { title })
      item.titles.push(item.title)
      item.title = title
    })
  }

  async #describe(): Promise<void> {
    await this.#onItem(async (item) => {
      const key = `k${this.#upTo(3)}`
      const value = this.#random() < 0.3 ? null : this.#upTo(100)
      await this.#person.do('PATCH', `/v1/entities/${item.id}`, { metadata: { [key]: value } })
      if (value === null) delete item.metadata[key]
      else item.metadata[key] = value
    })
  }

  async #tag(): Promise<void> {
    await this.#onItem(async (item) => {
      const name = this.#oneOf(words) ?? 'garden'
      await this.#person.do('PUT', `/v1/entities/${item.id}/tags/${name.toUpperCase()}`)
      item.tags.add(this.life.tag(name))
    })
  }

  async #untag(): Promise<void> {
    await this.#onItem(async (item) => {
      const tagged = this.#oneOf([...item.tags])
      if (tagged === undefined) return
      await this.#person.do('DELETE', `/v1/entities/${item.id}/tags/${encodeURIComponent(tagged.name)}`)
      item.tags.delete(tagged)
    })
  }

  async #remove(): Promise<void> {
    await this.#onItem(async (item) => {
      await this.#person.do('DELETE', `/v1/entities/${item.id}`)
      item.gone = 'deleted'
    })
  }

  async #restore(): Promise<void> {
    const item = this.#oneOf([...this.life.items.values()].filter(({ gone }) => gone === 'deleted'))
    if (item === undefined) return
    await this.#person.do('POST', `/v1/entities/${item.id}:restore`)
    item.gone = 'no'
  }

  async #purge(): Promise<void> {
    if (this.#random() < 0.5) return
    await this.#onItem(async (item) => {
      await this.#person.do('POST', `/v1/entities/${item.id}:purge`)
      item.gone = 'purged'
    })
  }

  async #connect(): Promise<void> {
    const [source, target, type = 'contains'] = [
      this.#oneOf(this.life.living()),
      this.#oneOf(this.life.living()),
      this.#oneOf(relationTypes),
    ]
    if (source === undefined || target === undefined || source === target) return
    const wanted = { type, source: source.id, target: target.id }
    const isThere = [...this.life.relations.values()].some(
      (one) => one.type === type && one.source === source.id && one.target === target.id,
    )
    const { id } = await this.#person.do('POST', '/v1/relations', wanted, isThere ? 422 : 201)
    if (!isThere) this.life.relations.set(id, wanted)
  }

  async #disconnect(): Promise<void> {
    const id = this.#oneOf([...this.life.relations.keys()])
    if (id === undefined) return
    await this.#person.do('DELETE', `/v1/relations/${id}`)
    this.life.relations.delete(id)
  }

  async #rename(): Promise<void> {
    const renamed = this.#oneOf(this.life.usedTags())
    const to = `${this.#oneOf(words) ?? ''} ${this.#upTo(1_000)}`
    if (renamed === undefined || this.life.hasName(to)) return
    await this.#person.do('PATCH', `/v1/tags/${await this.#tagId(renamed)}`, { name: to })
    this.life.renameTag(renamed, to)
  }

  async #merge(): Promise<void> {
    const [from, into] = [this.#oneOf(this.life.usedTags()), this.#oneOf(this.life.usedTags())]
    if (from === undefined || into === undefined || from === into) return
    await this.#person.do('POST', `/v1/tags/${await this.#tagId(from)}:merge`, {
      into: await this.#tagId(into),
    })
    this.life.mergeTag(from, into)
  }

  async #tagId({ name }: ExpectedTag): Promise<string> {
    const { items } = await this.#person.read<TagList>(`/v1/tags?prefix=${encodeURIComponent(name)}`)
    const found = items.find((tag) => tag.name.toLowerCase() === name)
    if (found === undefined) throw new Error(`there is no tag ${name}`)
    return found.id
  }

  async #undoTitle(): Promise<void> {
    await this.#onItem(async (item) => {
      const before = item.titles.pop()
      if (before === undefined) return
      const { items } = await this.#person.read<HistoryList>(`/v1/entities/${item.id}/history?limit=200`)
      const last = items.find(({ type }) => type === 'entity.title_changed')
      await this.#person.do('POST', `/v1/entities/${item.id}:undo`, { event: last?.id })
      // The undo is a change of the title like any other.
      item.titles.push(item.title)
      item.title = before
    })
  }

  async #onItem(change: (item: ExpectedItem) => Promise<void>): Promise<void> {
    const item = this.#oneOf(this.life.living())
    if (item !== undefined) await change(item)
  }
}
