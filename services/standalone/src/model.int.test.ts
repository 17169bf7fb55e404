import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type OpenAiServer, type ServerDialect, startOpenAiServer } from '@synap/ai/openai-server'
import { createClient, type SynapClient } from '@synap/client'
import type { EntityId } from '@synap/core'
import { eventually, startService } from '@synap/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const models = { OPENAI_MODEL: 'tiny-chat', OPENAI_EMBEDDING_MODEL: 'tiny-embed' }
const named = { chatModel: 'tiny-chat', embeddingModel: 'tiny-embed' }
const patience = { deadlineMs: 100_000, everyMs: 100 }

/** `synap start` with a model server named in its environment, as a person would type it. */
describe('standalone with a model of one’s own', () => {
  let dataDir: string
  let model: OpenAiServer | undefined
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'synap-model-'))
  })
  afterEach(async () => {
    await model?.close()
    model = undefined
    rmSync(dataDir, { recursive: true, force: true })
  })

  const start = async (env: Record<string, string> = {}) => {
    const service = await startService('standalone', env, {
      program: join('libs', 'cli', 'src', 'main.ts'),
      arguments: ['start', '--data', dataDir, '--port', '0', '--json', '--quiet', '--no-profile'],
    })
    const ready = await eventually(
      'it is ready',
      () => service.logLines().find((line) => 'apiKey' in line),
      patience,
    )
    const url = String(ready['url'])
    const client = createClient({
      ingestUrl: url,
      queryUrl: url,
      apiKey: String(ready['apiKey']),
      deadlineMs: 20_000,
    })
    return { client, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() }
  }
  const startWith = async (dialect: ServerDialect) => {
    model = await startOpenAiServer({ ...named, ...dialect })
    const running = await start({ OPENAI_BASE_URL: model.baseUrl, ...models })
    return { ...running, model }
  }
  const stageOf = async (client: SynapClient, id: EntityId, name: string) =>
    (await client.status(id)).stages.find(({ stage }) => stage === name)
  const becomes = (client: SynapClient, id: EntityId, name: string, state: string) =>
    eventually(
      `${name} is ${state}`,
      async () => {
        const stage = await stageOf(client, id, name)
        if (stage?.state !== state) throw new Error(JSON.stringify(stage))
        return stage
      },
      patience,
    )

  it('given an address and no key, everything is asked of that server: tasks, titles and vectors of another length', async () => {
    await using running = await startWith({ responses: false, vectorLength: 768, dimensions: 'refused' })
    const { client } = running
    const { id } = await client.capture({ type: 'note', content: 'Buy milk tomorrow at 9' })
    await becomes(client, id, 'searchable', 'done')
    await becomes(client, id, 'enriched', 'done')
    await eventually('it is a task', async () => (await client.getEntity(id)).value.type === 'task', patience)
    const entity = (await client.getEntity(id)).value
    expect(entity.title).toBe('Buy milk')
    expect(JSON.stringify(entity.provenance)).toContain('tiny-chat')
    const found = (await client.search({ q: 'bread or milk', mode: 'semantic' })).value
    expect(found).toMatchObject({ mode: 'semantic', model: 'tiny-embed', note: null })
    expect(found.items[0]).toMatchObject({ entity: { id }, matched: ['semantic'] })
    expect(running.model.requests.every(({ headers }) => headers.authorization === 'Bearer none')).toBe(true)
  }, 300_000)

  it('given a server without embeddings, notes become tasks all the same, words find them, and the status says what is missing', async () => {
    await using running = await startWith({ embeddings: false })
    const { client } = running
    const { id } = await client.capture({ type: 'note', content: 'Buy milk tomorrow at 9' })
    await becomes(client, id, 'enriched', 'done')
    await eventually('it is a task', async () => (await client.getEntity(id)).value.type === 'task', patience)
    expect(await becomes(client, id, 'searchable', 'retrying')).toMatchObject({
      error: 'model.no_embeddings',
    })
    const found = (await client.search({ q: 'milk' })).value
    expect(found).toMatchObject({ mode: 'text', model: null })
    expect(found.note).not.toBeNull()
    expect(found.items).toMatchObject([{ entity: { id }, matched: ['text'] }])
  }, 300_000)

  it('given a first life offline and a second with a model, what was embedded before is still found by its words’ likeness', async () => {
    let kept: EntityId | undefined
    {
      await using running = await start()
      const { client } = running
      kept = (await client.capture({ type: 'note', content: 'Water the tomatoes' })).id
      await becomes(client, kept, 'searchable', 'done')
      expect((await client.search({ q: 'tomatoes' })).value).toMatchObject({ model: 'synap-offline-1' })
    }
    await using running = await startWith({})
    const { client } = running
    const found = (await client.search({ q: 'tomatoes', mode: 'semantic' })).value
    expect(found).toMatchObject({ mode: 'semantic', model: 'synap-offline-1' })
    expect(found.items).toMatchObject([{ entity: { id: kept } }])
    const { id } = await client.capture({ type: 'note', content: 'Call Åsa on Friday' })
    await becomes(client, id, 'searchable', 'done')
    expect(running.model.count('/responses')).toBe(1)
  }, 300_000)

  it('given a first life offline, when the vectors are switched to a model, then search answers throughout by one model or the other, no text is described again, and it was priced before', async () => {
    const ids: EntityId[] = []
    {
      await using running = await start()
      for (const content of ['Water the tomatoes', 'Prune the tomatoes', 'Pick the tomatoes']) {
        ids.push((await running.client.capture({ type: 'note', content })).id)
      }
      for (const id of ids) await becomes(running.client, id, 'searchable', 'done')
    }
    model = await startOpenAiServer(named)
    await using running = await start({
      OPENAI_BASE_URL: model.baseUrl,
      ENRICH_PRICES: 'tiny-embed=0.02',
      ...models,
    })
    const { client } = running
    const asked = await client.enrichMany({ kind: 'embed' })
    expect(asked).toMatchObject({
      dryRun: true,
      model: 'tiny-embed',
      searchedBy: 'synap-offline-1',
      enrichment: null,
    })
    expect(asked.estimate).toMatchObject({ items: 3, present: 0, unreadable: 0 })
    expect(asked.estimate.steps).toMatchObject([{ step: 'embed', model: 'tiny-embed', items: 3, calls: 3 }])
    expect(asked.estimate.costUsd).toBeGreaterThan(0)
    expect(model.requests).toHaveLength(0)

    const { enrichment } = await client.enrichMany({ kind: 'embed', dryRun: false })
    const answers = new Set<string | null>()
    await eventually(
      'it is over',
      async () => {
        const { value } = await client.search({ q: 'tomatoes', mode: 'semantic' })
        answers.add(value.model)
        expect(value.mode).toBe('semantic')
        expect(value.items.map(({ entity }) => entity.id).sort()).toEqual([...ids].sort())
        return (
          (await client.enrichmentRun(enrichment?.id ?? '')).state === 'done' && value.model === 'tiny-embed'
        )
      },
      patience,
    )
    expect(answers).toEqual(new Set(['synap-offline-1', 'tiny-embed']))
    expect(model.count('/responses')).toBe(0)
    const again = await client.enrichMany({ kind: 'embed' })
    expect(again.estimate).toMatchObject({ items: 3, present: 3, costUsd: 0 })
    expect(again.searchedBy).toBe('tiny-embed')
  }, 300_000)
})
