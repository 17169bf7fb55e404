import { createOfflineProvider, createOpenAiProvider, type ModelProvider } from '@synap/ai'
import type { EnricherConfig } from './config.ts'

type ModelConfig = Pick<
  EnricherConfig,
  'openaiApiKey' | 'openaiBaseUrl' | 'openaiOrganization' | 'openaiModel' | 'openaiEmbeddingModel'
>

/** The model that key or address name; with neither, the deterministic provider that only imitates a model. */
export function createProvider(config: ModelConfig): ModelProvider {
  const { openaiApiKey: apiKey, openaiBaseUrl: baseUrl, openaiOrganization: organization } = config
  if (apiKey === undefined && baseUrl === undefined) return createOfflineProvider()
  return createOpenAiProvider({
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(organization === undefined ? {} : { organization }),
    model: config.openaiModel,
    embeddingModel: config.openaiEmbeddingModel,
  })
}
