import type { EntityId } from '@synap/core'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, type Pipeline, ways } from './pipeline.ts'

describe.each(ways)('a capture on its way through the pipeline: $way', ({ startPipeline }) => {
  let pipeline: Pipeline
  let ana: Account
  let ben: Account

  beforeAll(async () => {
    pipeline = await startPipeline()
    ana = await pipeline.createAccount('ana')
    ben = await pipeline.createAccount('ben')
  })
  afterAll(() => pipeline[Symbol.asyncDispose]())

  const complete = (account: Account, id: EntityId) =>
    eventually(
      'the item is complete',
      async () => {
        const status = await account.client.status(id)
        expect(status.stages.filter(({ state }) => state !== 'done' && state !== 'skipped')).toEqual([])
        return status
      },
      { deadlineMs: 30_000 },
    )

  it('given "Buy milk tomorrow", searching milk finds a task with a title and a due date', async () => {
    const before = Date.now()
    const answer = await ana.client.capture({ type: 'note', content: 'Buy milk tomorrow' })
    const status = await complete(ana, answer.id)

    const { value } = await ana.client.search({ q: 'milk', minSequence: status.sequence })
    const entity = value.items[0]?.entity
    expect(entity).toMatchObject({ id: answer.id, type: 'task', title: 'Buy milk' })
    const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)
    expect([day(before + 86_400_000), day(Date.now() + 86_400_000)]).toContain(
      entity?.task?.due?.slice(0, 10),
    )
    expect(entity?.provenance.type).toMatchObject({ by: 'ai', offline: true })
  })

  it('given an item that AI has read, asking for enrichment has it read once more', async () => {
    const { id } = await ana.client.capture({ type: 'note', content: 'Call the dentist on Monday' })
    await complete(ana, id)
    /** Numbers of its analyses in the log, oldest first. */
    const runs = async () => {
      const { value } = await ana.client.events({ types: ['ai.analysis_completed'], order: 'oldest' })
      return value.items.filter(({ delta }) => delta['entityId'] === id).map(({ delta }) => delta['run'])
    }
    const logged = (wanted: readonly number[]) =>
      eventually(
        `the log has the runs ${wanted.join(' and ')}`,
        async () => {
          expect(await runs()).toEqual(wanted)
          return true
        },
        { deadlineMs: 30_000 },
      )
    await logged([0])
    await ana.client.enrich(id)
    await logged([0, 1])
    await complete(ana, id)
  })

  it('given its own sequence, the item and its content are read at once', async () => {
    const { id, sequence } = await ana.client.capture({
      type: 'note',
      content: '# Alpha\n\nRead your writes.',
    })
    const { value } = await ana.client.getEntity(id, { minSequence: sequence })
    expect(value.preview).toContain('Alpha')
    const content = await ana.client.content(id)
    expect(content.value.bytes.toString('utf8')).toBe('# Alpha\n\nRead your writes.')
    const list = await ana.client.list({ minSequence: sequence })
    expect(list.value.items.map((item) => item.id)).toContain(id)
  })

  it('given semantic search without words in common but letters, the mode is answered and labelled', async () => {
    const { id } = await ana.client.capture({
      type: 'note',
      content: 'Gardening: prune the apple trees in late winter',
    })
    const { sequence } = await complete(ana, id)
    const { value } = await ana.client.search({
      q: 'pruning apple tree',
      mode: 'semantic',
      minSequence: sequence,
    })
    expect(value.items[0]?.entity.id).toBe(id)
    expect(value.model).toMatch(/offline/)
  })

  it('given an item that is only a title, it is found by its meaning, and under its new title', async () => {
    const { id } = await ana.client.capture({ type: 'task', title: 'Repair the garden fence' })
    const nearest = async (q: string, sequence: number) => {
      const { value } = await ana.client.search({ q, mode: 'semantic', minSequence: sequence })
      return value.items[0]
    }
    const { sequence } = await complete(ana, id)
    expect(await nearest('fences in gardens to repair', sequence)).toMatchObject({
      entity: { id, content: null },
      matched: ['semantic'],
    })
    await ana.client.patchEntity(id, { title: 'Paint the kitchen ceiling' })
    await eventually(
      'it is found by what it is called now',
      async () => {
        const now = await complete(ana, id)
        expect((await nearest('painting kitchen ceilings', now.sequence))?.entity.id).toBe(id)
        return true
      },
      { deadlineMs: 30_000 },
    )
    expect((await nearest('fences in gardens to repair', sequence))?.entity.id).not.toBe(id)
  })

  it('given texts that lead to each other, links and backlinks are shown once they are read', async () => {
    const capture = async (content: string) => {
      const { id } = await ana.client.capture({ type: 'note', content })
      await complete(ana, id)
      return id
    }
    const soil = await capture('# Good soil\n\nCompost and patience.')
    const bed = await capture('# Raised bed\n\nFill it with [[good soil#Mix]] and ask [[Nobody yet]].')
    const graph = async (id: EntityId) => {
      const { value } = await ana.client.graph(id)
      return value
    }
    expect((await graph(bed)).links.items).toMatchObject([
      { kind: 'wiki', target: 'good soil', heading: 'Mix', resolution: 'resolved', items: [{ id: soil }] },
      { kind: 'wiki', target: 'Nobody yet', resolution: 'unresolved', items: [] },
    ])
    expect((await graph(soil)).backlinks.items).toMatchObject([{ target: 'good soil', items: [{ id: bed }] }])

    // a name that comes later is found, one that goes is not
    const nobody = await capture('# Nobody yet\n\nHere I am.')
    await ana.client.patchEntity(soil, { title: 'Bad soil' })
    await eventually(
      'names are looked up as they are',
      async () => {
        const { links } = await graph(bed)
        expect(links.items.map(({ items }) => items.map(({ id }) => id))).toEqual([[], [nobody]])
        return true
      },
      { deadlineMs: 30_000 },
    )
  })

  it('given the key of another user, the item does not exist on any route and is in no search', async () => {
    const { id } = await ana.client.capture({ type: 'note', content: 'canary-7f3a only for Ana' })
    await complete(ana, id)
    const unknown = '018f0000-0000-7000-8000-000000000000'
    const query = pipeline.service('query').url
    const get = (path: string) => fetch(query + path, { headers: { authorization: `Bearer ${ben.apiKey}` } })
    for (const route of ['', '/content', '/status']) {
      const foreign = await get(`/v1/entities/${id}${route}`)
      const missing = await get(`/v1/entities/${unknown}${route}`)
      expect(foreign.status).toBe(404)
      const body = (text: string) => text.replaceAll(id, 'ID').replaceAll(unknown, 'ID')
      const shape = (text: string) => ({
        ...(JSON.parse(body(text)) as object),
        instance: 0,
        correlationId: 0,
      })
      expect(shape(await foreign.text())).toEqual(shape(await missing.text()))
    }
    for (const mode of ['hybrid', 'text', 'semantic'] as const) {
      const { value } = await ben.client.search({ q: 'canary-7f3a only for Ana', mode })
      expect(value.items).toEqual([])
    }
    expect((await ben.client.list()).value.items).toEqual([])
    const analysis = await fetch(`${pipeline.service('ingest').url}/v1/entities/${id}/analyses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ben.apiKey}`, 'content-type': 'application/json' },
      body: '{}',
    })
    expect([400, 403, 404]).toContain(analysis.status)
  })

  it('given no key, a bad body or a NUL byte, the answer is a problem that says so', async () => {
    const post = (body: string, key = ana.apiKey) =>
      fetch(`${pipeline.service('ingest').url}/v1/entities`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) },
        body,
      })
    const capture = JSON.stringify({ type: 'note', content: 'x' })
    expect((await post(capture, '')).status).toBe(401)
    expect((await post(capture, `syn_${'A'.repeat(43)}`)).status).toBe(401)

    const bad = await post(JSON.stringify({ type: 'poem', userId: 'x', title: 5, content: 'x' }))
    expect(bad.status).toBe(400)
    expect(bad.headers.get('content-type')).toContain('application/problem+json')
    const problem = (await bad.json()) as { errors: { path: string }[] }
    expect(problem.errors.map(({ path }) => path).sort()).toEqual(['body.title', 'body.type', 'body.userId'])

    expect((await post(JSON.stringify({ type: 'note', content: 'a\u0000b' }))).status).toBe(400)
    expect((await post('{"type":"note","content":"\\ud800"}')).status).toBe(400)
    expect((await post('{')).status).toBe(400)
  })

  it('given the same Idempotency-Key, the first effect comes again; with another body it is refused', async () => {
    const idempotencyKey = 'e2e-idempotency'
    const first = await ana.client.capture({ type: 'note', content: 'once' }, { idempotencyKey })
    const again = await ana.client.capture({ type: 'note', content: 'once' }, { idempotencyKey })
    expect(again).toEqual(first)
    const other = ana.client.capture({ type: 'note', content: 'twice' }, { idempotencyKey })
    await expect(other).rejects.toMatchObject({ status: 422 })
    const { id } = await ben.client.capture({ type: 'note', content: 'once' }, { idempotencyKey })
    expect(id).not.toBe(first.id)
  })
})
