import { createOfflineProvider, createOpenAiProvider, type ModelProvider } from '@synap/ai'
import type { EnricherConfig } from './config.ts'

/** With a key the model it names, without one the deterministic provider that only imitates a model. */
export function createProvider(config: EnricherConfig): ModelProvider {
  if (config.openaiApiKey === undefined) return createOfflineProvider()
  return createOpenAiProvider({
    apiKey: config.openaiApiKey,
    baseUrl: config.openaiBaseUrl,
    ...(config.openaiOrganization === undefined ? {} : { organization: config.openaiOrganization }),
    model: config.openaiModel,
    embeddingModel: config.openaiEmbeddingModel,
  })
}
