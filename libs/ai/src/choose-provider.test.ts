import { describe, expect, it } from 'vitest'
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
})
