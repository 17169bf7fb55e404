import { sha256Hex, type UserId, uuidv7 } from '@synap/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openSlot, type SeededEvent, seedEvents } from '../test/seed-events.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

describe('as it was', () => {
  let query: TestQuery
  let anna: UserId
  beforeAll(async () => {
    query = await startQuery()
  })
  afterAll(() => query.close())
  beforeEach(() => {
    anna = uuidv7() as UserId
  })

  const noon = Date.UTC(2026, 10, 20, 12)
  const get = (path: string, who = anna) => query.get(path, who)
  const seed = (events: readonly SeededEvent[]) => seedEvents(query.pool, anna, events)
  const created = (aggregateId: string, title: string, type = 'note'): SeededEvent => ({
    aggregateId,
    delta: { type, title },
  })
  const next = (aggregateId: string, version: number, type: string, delta: object): SeededEvent => ({
    aggregateId,
    version,
    type,
    delta: delta as Record<string, unknown>,
  })

  it('given a title that changed and a deletion, each moment has its own, named by sequence or time', async () => {
    const id = uuidv7()
    await seed([
      { ...created(id, 'first'), at: noon },
      { ...next(id, 2, 'entity.title_changed', { title: 'second', oldTitle: 'first' }), at: noon + 60_000 },
      { ...next(id, 3, 'entity.deleted', {}), at: noon + 120_000 },
    ])
    const at = (asOf: string | number) => get(`/v1/entities/${id}?as_of=${asOf}`)
    const first = await at(1)
    expect(first).toMatchObject({
      status: 200,
      headers: { 'synap-sequence': '1', etag: '"1"' },
      json: { id, title: 'first', version: 1, sequence: 1, createdAt: '2026-11-20T12:00:00.000Z' },
    })
    expect((await at(2)).json.title).toBe('second')
    const between = await at('2026-11-20T12:01:30Z')
    expect(between).toMatchObject({ headers: { 'synap-sequence': '2' }, json: { title: 'second' } })
    expect((await at('2026-11-20T12:00:00Z')).json.title).toBe('first')
    for (const asOf of [0, 3, '2026-11-20T11:59:59Z']) expect((await at(asOf)).status).toBe(404)
    expect((await get(`/v1/entities/${id}?as_of=1`, uuidv7() as UserId)).status).toBe(503)
    expect((await get(`/v1/entities/${id}?as_of=2026-11-20T12:00:00Z`, uuidv7() as UserId)).status).toBe(404)
  })

  it('given a moment that is still to come, it is refused or waited for, never answered', async () => {
    const id = uuidv7()
    await seed([created(id, 'x')])
    expect((await get(`/v1/entities/${id}?as_of=2999-01-01T00:00:00Z`)).status).toBe(400)
    expect((await get(`/v1/entities/${id}?as_of=2&wait=10`)).status).toBe(503)
    expect((await get(`/v1/entities/${id}?as_of=yesterday`)).status).toBe(400)
  })

  it('given a purge since, nothing of the past is shown', async () => {
    const id = uuidv7()
    await seed([created(id, 'secret'), next(id, 2, 'entity.purged', {})])
    expect((await get(`/v1/entities/${id}?as_of=1`)).status).toBe(404)
    expect((await get('/v1/entities?as_of=1')).json.items).toEqual([])
  })

  it('given a tag that was renamed and merged since, it is called as it was called then', async () => {
    const [id, work, job] = [uuidv7(), uuidv7(), uuidv7()]
    const user = (version: number, type: string, delta: object) => ({
      ...next(anna, version, type, delta),
      aggregateType: 'user',
    })
    await seed([
      created(id, 'x'),
      next(id, 2, 'entity.tag_added', { tagId: work, name: 'work' }),
      user(1, 'tag.renamed', { tagId: work, name: 'office', oldName: 'work' }),
      next(id, 3, 'entity.tag_added', { tagId: job, name: 'job' }),
      user(2, 'tag.merged', { tagId: work, name: 'office', intoId: job, intoName: 'job' }),
    ])
    const tags = async (asOf: number) =>
      (await get(`/v1/entities/${id}?as_of=${asOf}`)).json.tags.map(({ name }: { name: string }) => name)
    expect(await tags(2)).toEqual(['work'])
    expect(await tags(3)).toEqual(['office'])
    expect(await tags(4)).toEqual(['job', 'office'])
    expect(await tags(5)).toEqual(['job'])
    const titles = async (filter: string) => (await get(`/v1/entities?${filter}`)).json.items.length
    expect(await titles('as_of=3&tag=Office')).toBe(1)
    expect(await titles('as_of=2&tag=office')).toBe(0)
    expect(await titles('as_of=4&tag=office&tag=job')).toBe(1)
    expect(await titles('as_of=2&any_tag=office&any_tag=work')).toBe(1)
  })

  it('given tags that became one on an item that had several, who set it is told as the read model tells it', async () => {
    const [id, a, b, c] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()]
    const merged = (version: number, tagId: string) => ({
      ...next(anna, version, 'tag.merged', { tagId, name: tagId, intoId: c, intoName: 'c' }),
      aggregateType: 'user',
    })
    await seed([
      created(id, 'x'),
      next(id, 2, 'entity.tag_added', { tagId: c, name: 'c' }),
      next(id, 3, 'entity.tag_added', { tagId: a, name: 'a' }),
      next(id, 4, 'entity.tag_added', { tagId: b, name: 'b' }),
      // What is merged goes, and what is merged into stays.
      merged(1, b),
      merged(2, a),
    ])
    const setIn = async (asOf: number) =>
      (await get(`/v1/entities/${id}?as_of=${asOf}`)).json.tags.map(
        (tag: { id: string; provenance: { eventId: string } }) => [tag.id, tag.provenance.eventId],
      )
    const before = new Map(await setIn(4))
    expect(await setIn(5)).toEqual([
      [a, before.get(a)],
      [c, before.get(c)],
    ])
    expect(await setIn(6)).toEqual([[c, before.get(c)]])
  })

  it('given two tags that were merged into a third, which the item had not, the first that was merged tells who set it', async () => {
    const [id, a, b, c] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()]
    const merged = (version: number, tagId: string) => ({
      ...next(anna, version, 'tag.merged', { tagId, name: tagId, intoId: c, intoName: 'c' }),
      aggregateType: 'user',
    })
    await seed([
      created(id, 'x'),
      next(id, 2, 'entity.tag_added', { tagId: a, name: 'a' }),
      next(id, 3, 'entity.tag_added', { tagId: b, name: 'b' }),
      merged(1, a),
      merged(2, b),
    ])
    const tags = async (asOf: number) => (await get(`/v1/entities/${id}?as_of=${asOf}`)).json.tags
    const [first] = await tags(3)
    expect(await tags(5)).toEqual([{ id: c, name: 'c', provenance: first.provenance }])
  })

  it('given a list of a past moment, it is what was there then, newest first, page by page', async () => {
    const ids = Array.from({ length: 5 }, () => uuidv7())
    await seed([
      ...ids.map((id, index) => created(id, `item ${index}`, index === 2 ? 'task' : 'note')),
      next(ids[1] ?? '', 2, 'entity.deleted', {}),
      next(ids[3] ?? '', 2, 'entity.title_changed', { title: 'changed', oldTitle: 'item 3' }),
    ])
    const titles = async (parameters: string) => {
      const found: string[] = []
      for (let path: string | undefined = `/v1/entities?${parameters}`; path !== undefined; ) {
        const answer = await get(path)
        expect(answer.status).toBe(200)
        found.push(...answer.json.items.map(({ title }: { title: string }) => title))
        path = /^<([^>]+)>/.exec(String(answer.headers['link'] ?? ''))?.[1]
      }
      return found
    }
    expect(await titles('as_of=5&limit=2')).toEqual(['item 4', 'item 3', 'item 2', 'item 1', 'item 0'])
    expect(await titles('as_of=7&limit=3')).toEqual(['item 4', 'changed', 'item 2', 'item 0'])
    expect(await titles('as_of=3&type=note&limit=1')).toEqual(['item 1', 'item 0'])
    expect(await titles('as_of=7&type=task&status=todo')).toEqual(['item 2'])
    expect((await get('/v1/entities?as_of=5&sort=title')).status).toBe(400)
    expect((await get('/v1/entities?as_of=5&q=item')).status).toBe(400)
    const { next: cursor } = (await get('/v1/entities?as_of=5&limit=2')).json
    expect((await get(`/v1/entities?as_of=4&limit=2&cursor=${cursor}`)).status).toBe(400)
  })

  it('given content that was replaced, the bytes of then come', async () => {
    const id = uuidv7()
    const file = (text: string) => ({
      key: `users/${anna}/notes/${id}.${text}.md`,
      sha256: sha256Hex(text),
      size: text.length,
      contentType: 'text/markdown',
      fileType: 'markdown',
      uploadedAt: noon,
    })
    const [old, now] = [file('old'), file('new')]
    for (const [stored, text] of [
      [old, 'old'],
      [now, 'new'],
    ] as const) {
      await query.store.put(stored.key, Buffer.from(text), { contentType: 'text/markdown' })
    }
    await seed([
      created(id, 'x'),
      next(id, 2, 'entity.file_uploaded', {
        file: old,
        oldFile: null,
        preview: 'old',
        oldPreview: null,
        timeZone: null,
      }),
      next(id, 3, 'entity.file_uploaded', {
        file: now,
        oldFile: old,
        preview: 'new',
        oldPreview: 'old',
        timeZone: null,
      }),
    ])
    expect((await get(`/v1/entities/${id}/content?as_of=2`)).text).toBe('old')
    expect((await get(`/v1/entities/${id}/content?as_of=3`)).text).toBe('new')
    expect((await get(`/v1/entities/${id}/content?as_of=1`)).status).toBe(404)
  })

  it('given an event that is missing in the log, the entity is told so and a list leaves it out by name', async () => {
    const [broken, whole] = [uuidv7(), uuidv7()]
    await seed([created(broken, 'x'), created(whole, 'y')])
    await openSlot(query.pool, anna, { sequence: 3, aggregateId: broken })
    await seed([next(broken, 3, 'entity.title_changed', { title: 'z', oldTitle: 'x' })])
    expect((await get(`/v1/entities/${broken}?as_of=2`)).status).toBe(200)
    expect((await get(`/v1/entities/${broken}?as_of=4`)).status).toBe(503)
    const list = await get('/v1/entities?as_of=4')
    expect(list.json.items.map(({ title }: { title: string }) => title)).toEqual(['y'])
    expect(list.headers['synap-parked']).toBe('3')
  })
})
