import { type EntityId, sha256Hex, type UserId, uuidv7 } from '@synap/core'
import { execute, transaction } from '@synap/postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type SeededEntity, seedEntity, seedLinks } from '../test/seed.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

interface Shown {
  origin: string
  target: string
  resolution: string
  items: { id: string; title: string | null }[]
}

describe('links that texts write', () => {
  let query: TestQuery
  beforeAll(async () => {
    query = await startQuery()
  })
  afterAll(() => query.close())

  const user = () => uuidv7() as UserId
  const note = (userId: UserId, title: string | null, more: Partial<SeededEntity> = {}) =>
    seedEntity(query.pool, { userId, sequence: 1, title, text: `text of ${title}`, ...more })
  const change = (text: string, id: string) =>
    transaction(query.pool, { role: 'synap_projector' }, (client) => execute(client, { text, values: [id] }))
  const rename = (id: string, title: string) =>
    change(`update read_v1.entities set title = '${title}' where entity_id = $1`, id)
  const links = async (id: string, who: UserId, parameters = ''): Promise<Shown[]> => {
    const { status, json } = await query.get(`/v1/entities/${id}/links?${parameters}`, who)
    expect(status).toBe(200)
    return json.items
  }
  /** `Target: resolution id id` */
  const lines = (found: Shown[]) =>
    found.map(({ target, resolution, items }) => [target, resolution, ...items.map(({ id }) => id)])
  const out = async (id: string, who: UserId) => lines(await links(id, who))
  const back = async (id: string, who: UserId) => lines(await links(id, who, 'direction=in'))

  it('given names in another case, form or width of blanks, they lead to what is called so, by title, file or id', async () => {
    const anna = user()
    const cafe = await note(anna, 'Cafe\u0301  Müller')
    const imported = await note(anna, null, { path: 'notes/2026/Shopping List.md' })
    const names = ['café MÜLLER', 'shopping list', cafe, 'Nobody']
    const source = await note(anna, 'Index', { links: names })
    expect(await out(source, anna)).toEqual([
      ['café MÜLLER', 'resolved', cafe],
      ['shopping list', 'resolved', imported],
      [cafe, 'resolved', cafe],
      ['Nobody', 'unresolved'],
    ])
    expect(await back(cafe, anna)).toEqual([
      [cafe, 'resolved', source],
      ['café MÜLLER', 'resolved', source],
    ])
    expect(await back(imported, anna)).toEqual([['shopping list', 'resolved', source]])
    expect(new Set((await links(source, anna)).map(({ origin }) => origin))).toEqual(new Set(['derived']))
  })

  it('given two items of one name, a link leads to both and says so, from either side', async () => {
    const anna = user()
    const [first, second] = [await note(anna, 'Milk'), await note(anna, 'a file', { path: 'milk.md' })]
    const source = await note(anna, 'Index', { links: ['milk'] })
    expect(await out(source, anna)).toEqual([['milk', 'ambiguous', second, first]])
    for (const id of [first, second]) expect(await back(id, anna)).toEqual([['milk', 'ambiguous', source]])
  })

  it('given a name that nobody has, an item that comes later has it; a rename and a deletion are followed', async () => {
    const anna = user()
    const source = await note(anna, 'Index', { links: ['Bread', 'Rolls'] })
    expect(await out(source, anna)).toEqual([
      ['Bread', 'unresolved'],
      ['Rolls', 'unresolved'],
    ])
    const bread = await note(anna, 'Bread')
    expect(await out(source, anna)).toEqual([
      ['Bread', 'resolved', bread],
      ['Rolls', 'unresolved'],
    ])
    await rename(bread, 'Rolls')
    expect(await out(source, anna)).toEqual([
      ['Bread', 'unresolved'],
      ['Rolls', 'resolved', bread],
    ])
    expect(await back(bread, anna)).toEqual([['Rolls', 'resolved', source]])
    await change('update read_v1.entities set deleted_at = now() where entity_id = $1', bread)
    expect((await out(source, anna))[1]).toEqual(['Rolls', 'unresolved'])
    expect((await query.get(`/v1/entities/${bread}/links`, anna)).status).toBe(404)
    await change('update read_v1.entities set deleted_at = null where entity_id = $1', bread)
    await change('update read_v1.entities set deleted_at = now() where entity_id = $1', source)
    expect(await back(bread, anna)).toEqual([])
  })

  it('given items of somebody else, no name and no id leads to them, and nobody sees who links to them', async () => {
    const [anna, bert] = [user(), user()]
    const secret = await note(bert, 'Secret plan', { path: 'plan.md' })
    const source = await note(anna, 'Index', { links: ['Secret plan', 'plan', secret] })
    expect((await out(source, anna)).map(([, resolution]) => resolution)).toEqual([
      'unresolved',
      'unresolved',
      'unresolved',
    ])
    expect(await back(secret, bert)).toEqual([])
    const own = await note(anna, 'Secret plan')
    expect((await out(source, anna))[0]).toEqual(['Secret plan', 'resolved', own])
    expect(await back(own, anna)).toEqual([['Secret plan', 'resolved', source]])
  })

  it('given other content or a newer extraction, only what the newest one found in what is there now counts', async () => {
    const anna = user()
    const source = await note(anna, 'Index', { text: 'now', links: ['Old extractor'] })
    const seed = (text: string, names: string[], producer: string) =>
      transaction(query.pool, { role: 'synap_projector' }, (client) =>
        seedLinks(client, { id: source, userId: anna, hash: sha256Hex(text) }, names, producer),
      )
    await seed('before', ['Old content'], 'extract@10')
    await seed('now', ['New extractor'], 'extract@10')
    await change(
      `insert into read_v1.entity_texts (entity_id, content_sha256, producer, block, block_count, user_id, config,
         links, chunks, analysable)
       select entity_id, content_sha256, 'extract@10', 0, 1, user_id, config, links, chunks, analysable
       from read_v1.entity_texts where entity_id = $1`,
      source,
    )
    const [older, newer, content] = [
      await note(anna, 'Old extractor'),
      await note(anna, 'New extractor'),
      await note(anna, 'Old content'),
    ]
    expect(await out(source, anna)).toEqual([['New extractor', 'resolved', newer]])
    expect(await back(newer, anna)).toHaveLength(1)
    for (const id of [older, content]) expect(await back(id, anna)).toEqual([])
  })

  it('given more than a page, every link comes once, in the order of the text, and every backlink, the newest first', async () => {
    const anna = user()
    const names = Array.from({ length: 7 }, (_, index) => `Name ${index}`)
    const target = await note(anna, 'Hub', { path: 'centre.md' })
    const source = await note(anna, 'Index', { links: names })
    const pointing: EntityId[] = []
    for (const name of ['hub', 'centre', 'HUB', target, 'Hub', 'Centre'])
      pointing.unshift(await note(anna, null, { text: uuidv7(), links: [name] }))
    const pages = async (path: string): Promise<Shown[]> => {
      const items: Shown[] = []
      for (let next: string | undefined = path; next !== undefined; ) {
        const answer = await query.get(next, anna)
        items.push(...answer.json.items)
        next = /^<([^>]+)>; rel="next"$/.exec(String(answer.headers['link'] ?? ''))?.[1]
      }
      return items
    }
    expect((await pages(`/v1/entities/${source}/links?limit=3`)).map(({ target: name }) => name)).toEqual(
      names,
    )
    const found = await pages(`/v1/entities/${target}/links?direction=in&limit=2`)
    expect(found.map(({ items }) => items[0]?.id)).toEqual(pointing)
    const { next } = (await query.get(`/v1/entities/${source}/links?limit=3`, anna)).json
    for (const path of [`${target}/links`, `${source}/links?direction=in`]) {
      const mark = path.includes('?') ? '&' : '?'
      expect((await query.get(`/v1/entities/${path}${mark}cursor=${next}`, anna)).status).toBe(400)
    }
  })

  it('given very many of one name, the ten newest are shown', async () => {
    const anna = user()
    const same: EntityId[] = []
    for (let index = 0; index < 13; index += 1) same.unshift(await note(anna, 'Untitled'))
    const source = await note(anna, 'Index', { links: ['untitled'] })
    expect(await out(source, anna)).toEqual([['untitled', 'ambiguous', ...same.slice(0, 10)]])
  })

  it('given the graph of an item, its links are beside the relations, and go on where the graph ends', async () => {
    const anna = user()
    const target = await note(anna, 'Milk')
    const names = ['milk', ...Array.from({ length: 60 }, (_, index) => `Name ${index}`)]
    const source = await note(anna, 'Index', { links: names })
    const { json } = await query.get(`/v1/entities/${source}/graph`, anna)
    expect(json).toMatchObject({ nodes: [{ id: source }], edges: [], backlinks: { items: [], next: null } })
    expect(lines(json.links.items.slice(0, 1))).toEqual([['milk', 'resolved', target]])
    expect(json.links.items).toHaveLength(50)
    const rest = await links(source, anna, `cursor=${json.links.next}`)
    expect(rest.map(({ target: name }) => name)).toEqual(names.slice(50))
    const seen = (await query.get(`/v1/entities/${target}/graph`, anna)).json
    expect(lines(seen.backlinks.items)).toEqual([['milk', 'resolved', source]])
  })
})
