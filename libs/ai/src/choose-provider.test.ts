import { describe, expect, it } from 'vitest'
import { startOpenAiServer } from '../test/openai-server.ts'
import { chooseProvider, providersForSearch } from './choose-provider.ts'

describe('which model is used', () => {
  const models = { openaiModel: 'm', openaiEmbeddingModel: 'e' }

  it('given neither key nor address, the offline provider, alone', () => {
    const provider = chooseProvider(models)
    expect(provider.offline).toBe(true)
    expect(providersForSearch(provider)).toEqual([provider])
  })

  it.each([
    ['a key', { openaiApiKey: 'sk-1' }],
    ['an address', { openaiBaseUrl: 'http://127.0.0.1:1/v1' }],
  ])('given %s, the models it names; vectors made offline stay searchable', (_, more) => {
    const provider = chooseProvider({ ...models, ...more })
    expect(provider).toMatchObject({ offline: false, model: 'm', embeddingModel: 'e' })
    expect(providersForSearch(provider).map(({ offline }) => offline)).toEqual([false, true])
  })

  it('given a patience, calls end by it', async () => {
    const server = await startOpenAiServer()
    server.become('stalled')
    const settings = { ...models, openaiBaseUrl: server.baseUrl, openaiTimeoutMs: 60 }
    const call = chooseProvider(settings).embed(['milk'], AbortSignal.timeout(20_000))
    await expect(call).rejects.toMatchObject({ code: 'model.timeout', class: 'dependency' })
    await server.close()
  })
})
